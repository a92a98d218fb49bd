// weft/condition.h: wait until another fiber or thread says that something has changed.
//
// Layer:  runtime, public.      See also: weft/mutex.h, weft/sync.h.
#pragma once
#include <weft/detail/time.h>
#include <weft/mutex.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>

namespace weft {

/// std::unique_lock<weft::Mutex>, or what looks like it.
template <class L>
concept MutexLock = requires(L& lock) {
  { lock.mutex() } -> std::same_as<Mutex*>;
  { lock.owns_lock() } -> std::same_as<bool>;
};

namespace detail {

/// Waits until `predicate()`, or until wait() says that the time is up: then it is asked once more.
template <class Predicate, class Wait>
bool wait_for_predicate(Predicate& predicate, Wait wait) {
  while (!predicate()) {
    if (!wait()) {
      return predicate();
    }
  }
  return true;
}

}  // namespace detail

/// A condition variable of four bytes.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   every wait throws std::system_error(EPERM) if the lock does not own its mutex. On
///           fibers a wait may throw, too: see AnyFiber::kill() and Timeout.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  a wait returns with the mutex locked, in any case. It may return without a notify:
///           wait with a predicate, or in a loop. The oldest waiter is notified first.
/// Source:   std::condition_variable; a timed wait returns a bool: false when the time was up.
///
///     std::unique_lock lock(mutex);
///     condition.wait(lock, [&] { return !queue.empty(); });
class Condition {
 public:
  constexpr Condition() = default;
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;
  ~Condition() = default;

  /// Wakes the oldest waiter.
  void notify_one() { notify(1); }
  /// Wakes the `count` oldest waiters.
  void notify(std::uint32_t count) {
    if (has_waiters_.load(std::memory_order_seq_cst) != 0) {
      notify_slow(count);
    }
  }
  /// Wakes all waiters.
  void notify_all() { notify(kAll); }

  /// Unlocks, waits for a notify, and locks again.
  template <MutexLock Lock>
  void wait(Lock& lock) {
    wait_until_deadline(lock.mutex(), lock.owns_lock(), detail::kNever);
  }
  /// Waits until `predicate()` is true; it is asked with the mutex locked.
  template <MutexLock Lock, std::predicate Predicate>
  void wait(Lock& lock, Predicate predicate) {
    while (!predicate()) {
      wait(lock);
    }
  }

  /// As wait(), for at most `timeout`. False if nobody has notified by then.
  template <MutexLock Lock, class Rep, class Period>
  bool wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& timeout) {
    return wait_until_deadline(lock.mutex(), lock.owns_lock(), detail::deadline_after(timeout));
  }
  /// Returns what the predicate said last.
  template <MutexLock Lock, class Rep, class Period, std::predicate Predicate>
  bool wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& timeout,
                Predicate predicate) {
    return wait_by(lock, detail::deadline_after(timeout), predicate);
  }

  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <MutexLock Lock, class Clock, class Duration>
  bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Duration>& moment) {
    return wait_until_deadline(lock.mutex(), lock.owns_lock(), detail::deadline_at(moment));
  }
  /// Returns what the predicate said last.
  template <MutexLock Lock, class Clock, class Duration, std::predicate Predicate>
  bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Duration>& moment,
                  Predicate predicate) {
    return wait_by(lock, detail::deadline_at(moment), predicate);
  }

 private:
  friend class ConditionAny;
  static constexpr std::uint32_t kAll = 0xffff'ffff;

  template <class Lock, class Predicate>
  bool wait_by(Lock& lock, std::int64_t deadline, Predicate& predicate) {
    return detail::wait_for_predicate(
        predicate, [&] { return wait_until_deadline(lock.mutex(), lock.owns_lock(), deadline); });
  }
  void notify_slow(std::uint32_t count);
  bool wait_until_deadline(Mutex* mutex, bool owned, std::int64_t deadline);

  std::atomic<std::uint32_t> has_waiters_{0};
};

}  // namespace weft
