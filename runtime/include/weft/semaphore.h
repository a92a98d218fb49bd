// weft/semaphore.h: a number of permits; who finds none waits for one.
//
// Layer:  runtime, public.      See also: weft/sync.h.
#pragma once
#include <weft/detail/rmw.h>
#include <weft/detail/time.h>
#include <weft/detail/wait_point.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

/// A counting semaphore of four bytes.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC. Counts go up to 2,147,483,647.
/// Errors:   release() throws std::system_error(EOVERFLOW) beyond that, and then has released none.
///           On fibers a wait may throw: see AnyFiber::kill() and Timeout. It has no permit then.
/// Threads:  fibers of all schedulers, and kernel threads without fibers; release() by anybody.
/// Promise:  without contention an operation is one atomic operation. Permits go to the waiters,
///           oldest first, before anybody else can take them. acquire() may destroy it afterwards.
/// Source:   std::counting_semaphore; gevent.lock.Semaphore.
///
///     weft::Semaphore slots(10);
///     slots.acquire();
class Semaphore {
 public:
  /// With `count` permits.
  explicit constexpr Semaphore(std::uint32_t count = 0) : word_(count & kCount) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore() = default;

  /// Takes a permit; waits for one if there is none.
  void acquire() {
    if (!take()) {
      acquire_slow(detail::kNever);
    }
  }
  /// Takes a permit if there is one. If not, the other ready fibers get a turn: who tries until it
  /// succeeds does not keep them from releasing one.
  [[nodiscard]] bool try_acquire() { return take() || give_turn(); }
  /// As acquire(), for at most `timeout`. False if there was no permit by then.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period>& timeout) {
    return take() || acquire_slow(detail::deadline_after(timeout));
  }
  /// As try_acquire_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  [[nodiscard]] bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return take() || acquire_slow(detail::deadline_at(moment));
  }

  /// Waits until there is a permit that could be taken, and takes none. Whoever waits so has its
  /// place in the queue, too: those before it are served first.
  ///
  /// Promise:  perhaps there is none any more when it returns.
  /// Source:   gevent.lock.Semaphore.wait().
  void wait() {
    if (locked()) {
      wait_slow(detail::kNever);
    }
  }
  /// As wait(), for at most `timeout`. False if there was no permit by then.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& timeout) {
    return !locked() || wait_slow(detail::deadline_after(timeout));
  }
  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return !locked() || wait_slow(detail::deadline_at(moment));
  }

  /// Gives `count` permits.
  void release(std::uint32_t count = 1);

  /// How many permits there are: when it is looked at, perhaps no longer.
  [[nodiscard]] std::uint32_t available() const {
    return word_.load(std::memory_order_relaxed) & kCount;
  }
  /// Whether there is none: acquire() would wait.
  [[nodiscard]] bool locked() const { return available() == 0; }

  /// For weft::wait(): ready while there is a permit.
  [[nodiscard]] detail::WaitPoint wait_point() const;

 protected:
  /// The most that there can be; the bits that count.
  static constexpr std::uint32_t kCount = 0x7fff'ffff;
  /// As release(); false, and none is released, if there would be more than `most` then.
  [[nodiscard]] bool release_within(std::uint32_t count, std::uint32_t most);

 private:
  static constexpr std::uint32_t kHasWaiters = 0x8000'0000;  // perhaps: they may have given up
  bool take() {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & kCount) != 0) {
      if (detail::compare_exchange(word_, seen, seen - 1, std::memory_order_acquire)) {
        return true;
      }
    }
    return false;
  }
  static bool give_turn();
  bool park_if_empty(std::int64_t deadline, std::uint32_t tag, const char* call, bool* in_time);
  bool acquire_slow(std::int64_t deadline);
  bool wait_slow(std::int64_t deadline);
  bool release_slow(std::uint32_t count, std::uint32_t most);

  mutable std::atomic<std::uint32_t> word_;  // by who waits, too
};

}  // namespace weft
