// weft/mutex.h: one fiber at a time; the others wait without holding their thread.
//
// Layer:  runtime, public.      See also: weft/condition.h, weft/sync.h.
#pragma once
#include <weft/detail/rmw.h>
#include <weft/detail/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

class Mutex;
namespace detail {
/// Waits for a mutex that is held for a few moves only: nothing calls that off.
void lock_shielded(Mutex& mutex);
}  // namespace detail

/// A mutex of four bytes, for std::lock_guard, std::unique_lock and std::scoped_lock.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   on fibers a lock that waits may throw: see AnyFiber::kill() and Timeout. Locking it
///           twice from one fiber waits for ever; unlocking it unlocked is undefined.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  without contention a lock or unlock is one atomic operation. Nobody starves: a waiter
///           that lost to a newcomer once gets the mutex handed over when it is first in the queue.
/// Source:   std::timed_mutex; gevent.lock.BoundedSemaphore.
///
///     weft::Mutex mutex;
///     std::lock_guard hold(mutex);
class Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  ~Mutex() = default;

  /// Waits until the mutex is free, and takes it.
  void lock() {
    if (!try_lock_free()) {
      lock_slow(detail::kNever);
    }
  }
  /// Takes the mutex if it is free. False if it is not.
  [[nodiscard]] bool try_lock();
  /// Frees the mutex, or hands it over.
  void unlock() {
    std::uint32_t expected = kLocked;
    if (!detail::compare_exchange_no_handlers(word_, expected, 0U, std::memory_order_release)) {
      unlock_slow();
    }
  }

  /// As lock(), for at most `timeout`. False if it could not be locked by then.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& timeout) {
    return try_lock_free() || lock_slow(detail::deadline_after(timeout));
  }
  /// As try_lock_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return try_lock_free() || lock_slow(detail::deadline_at(moment));
  }

 private:
  static constexpr std::uint32_t kLocked = 1;
  static constexpr std::uint32_t kHasWaiters = 2;  // perhaps: they may have given up
  bool try_lock_free() {
    std::uint32_t expected = 0;
    return detail::compare_exchange_no_handlers(word_, expected, kLocked,
                                                std::memory_order_acquire);
  }
  bool lock_slow(std::int64_t deadline);
  void unlock_slow();
  friend void detail::lock_shielded(Mutex& mutex);

  std::atomic<std::uint32_t> word_{0};
};

}  // namespace weft
