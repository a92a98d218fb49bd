// weft/shared_mutex.h: many readers or one writer.
//
// Layer:  runtime, public.      See also: weft/mutex.h, weft/sync.h.
#pragma once
#include <weft/detail/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

/// A mutex of four bytes that one may own alone, or many shared, for std::unique_lock and
/// std::shared_lock.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC. Up to a thousand million own it shared.
/// Errors:   locking it twice from one fiber may wait for ever, also shared twice: a writer may
///           have come in between. Unlocking it unlocked is undefined. On fibers a wait may throw:
///           see AnyFiber::kill() and Timeout. It is not locked then.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  without contention an operation is one atomic operation. First come, first served:
///           who comes while others wait waits behind them, reader or writer, and who unlocks hands
///           over to the oldest, and to the readers right behind if that is one. Nobody starves.
/// Source:   std::shared_timed_mutex. gevent has none.
///
///     weft::SharedMutex mutex;
///     std::shared_lock reading(mutex);
class SharedMutex {
 public:
  constexpr SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;
  ~SharedMutex() = default;

  /// Waits until nobody else owns it, then owns it alone.
  void lock() {
    if (!try_lock()) {
      lock_slow(detail::kNever);
    }
  }
  /// As lock(), without waiting. False if anybody owns it.
  [[nodiscard]] bool try_lock() {
    std::uint32_t expected = 0;
    return word_.compare_exchange_strong(expected, kWriter, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  /// As lock(), for at most `timeout`. False if it could not be locked by then.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& timeout) {
    return try_lock() || lock_slow(detail::deadline_after(timeout));
  }
  /// As try_lock_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return try_lock() || lock_slow(detail::deadline_at(moment));
  }
  /// Gives up what lock() got.
  void unlock() { give_up(kWriter); }

  /// Waits until it can be owned shared, and is the caller's turn.
  void lock_shared() {
    if (!try_lock_shared()) {
      lock_shared_slow(detail::kNever);
    }
  }
  /// As lock_shared(), without waiting. False if somebody owns it alone or waits for it.
  [[nodiscard]] bool try_lock_shared() {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & (kWriter | kHasWaiters)) == 0) {
      if (word_.compare_exchange_weak(seen, seen + kReader, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  /// As lock_shared(), for at most `timeout`. False if it could not be locked by then.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& timeout) {
    return try_lock_shared() || lock_shared_slow(detail::deadline_after(timeout));
  }
  /// As try_lock_shared_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return try_lock_shared() || lock_shared_slow(detail::deadline_at(moment));
  }
  /// Gives up what lock_shared() got.
  void unlock_shared() { give_up(kReader); }

 private:
  static constexpr std::uint32_t kWriter = 1;
  static constexpr std::uint32_t kHasWaiters = 2;
  static constexpr std::uint32_t kReader = 4;  // each

  void give_up(std::uint32_t owned) {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    do {
      if ((seen & kHasWaiters) != 0) {
        pass_on(owned);
        return;
      }
    } while (!word_.compare_exchange_weak(seen, seen - owned, std::memory_order_release,
                                          std::memory_order_relaxed));
  }
  bool lock_slow(std::int64_t deadline);
  bool lock_shared_slow(std::int64_t deadline);
  bool wait_if_taken(std::int64_t deadline, std::uint32_t wants, const char* call, bool* in_time);
  void pass_on(std::uint32_t owned);

  std::atomic<std::uint32_t> word_{0};
};

}  // namespace weft
