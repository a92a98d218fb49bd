// weft/semaphore.h: a number of permits; who finds none waits for one.
//
// Layer:  runtime, public.      See also: weft/sync.h.
#pragma once
#include <weft/detail/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

/// A counting semaphore of four bytes.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC. Counts go up to 2,147,483,647.
/// Errors:   release() throws std::system_error(EOVERFLOW) beyond that, and then has released none.
/// Threads:  fibers of all schedulers, and kernel threads without fibers; release() by anybody.
/// Promise:  without contention an operation is one atomic operation. Permits go to the waiters,
///           oldest first, before anybody else can take them. acquire() may destroy it afterwards.
/// Source:   std::counting_semaphore; gevent.lock.Semaphore.
///
///     weft::Semaphore slots(10);
///     slots.acquire();
class Semaphore {
 public:
  explicit constexpr Semaphore(std::uint32_t count = 0) : word_(count & kCount) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore() = default;

  void acquire() {
    if (!try_acquire()) {
      acquire_slow(detail::kNever);
    }
  }
  [[nodiscard]] bool try_acquire() {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & kCount) != 0) {
      if (word_.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  /// As acquire(), for at most `timeout`. False if there was no permit by then.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period>& timeout) {
    return try_acquire() || acquire_slow(detail::deadline_after(timeout));
  }
  /// As try_acquire_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  [[nodiscard]] bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return try_acquire() || acquire_slow(detail::deadline_at(moment));
  }

  void release(std::uint32_t count = 1);

  /// How many permits there are: when it is looked at, perhaps no longer.
  [[nodiscard]] std::uint32_t available() const {
    return word_.load(std::memory_order_relaxed) & kCount;
  }

 private:
  static constexpr std::uint32_t kHasWaiters = 0x8000'0000;  // perhaps: they may have given up
  static constexpr std::uint32_t kCount = 0x7fff'ffff;
  bool acquire_slow(std::int64_t deadline);
  void release_slow(std::uint32_t count);

  std::atomic<std::uint32_t> word_;
};

}  // namespace weft
