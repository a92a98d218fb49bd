// weft/condition_any.h: a condition variable for locks of any kind.
//
// Layer:  runtime, public.      See also: weft/condition.h, weft/recursive_mutex.h.
#pragma once
#include <weft/condition.h>
#include <weft/detail/shielded.h>
#include <weft/detail/time.h>
#include <weft/mutex.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

namespace weft {

/// What can be unlocked and locked again: a std::unique_lock of a RecursiveMutex, a
/// std::shared_lock of a SharedMutex, a mutex itself.
template <class L>
concept BasicLockable = requires(L& lock) {
  lock.lock();
  lock.unlock();
};

/// A condition variable for any BasicLockable. Condition is smaller and faster, for a Mutex.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   a wait throws what the lock's unlock() throws, for one: std::system_error(EPERM) if it
///           is not locked. On fibers it throws what AnyFiber::kill() and Timeout say. If lock()
///           throws behind a wait the program ends: std::terminate.
/// Threads:  fibers of all schedulers, and kernel threads without fibers, if the lock can.
/// Promise:  a wait returns or throws with the lock locked again: once, so a RecursiveMutex has to
///           be locked once. It may return without a notify: wait with a predicate, or in a loop.
///           The oldest waiter is notified first. It may be destroyed when all waiters are
///           notified.
/// Source:   std::condition_variable_any; threading.Condition, whose lock is an RLock.
///
///     std::unique_lock lock(recursive_mutex);
///     condition.wait(lock, [&] { return !queue.empty(); });
class ConditionAny {
 public:
  ConditionAny() = default;
  ConditionAny(const ConditionAny&) = delete;
  ConditionAny& operator=(const ConditionAny&) = delete;
  ~ConditionAny() = default;

  /// Wakes the oldest waiter.
  void notify_one() { notify(1); }
  /// Wakes the `count` oldest waiters.
  void notify(std::uint32_t count) {
    const detail::Shielded shielded;
    const Hold hold(*mutex_);
    condition_.notify(count);
  }
  /// Wakes all waiters.
  void notify_all() { notify(Condition::kAll); }

  /// Unlocks, waits for a notify, and locks again.
  template <BasicLockable Lock>
  void wait(Lock& lock) {
    wait_until_deadline(lock, detail::kNever);
  }
  /// Waits until `predicate()` is true; it is asked with the lock locked.
  template <BasicLockable Lock, std::predicate Predicate>
  void wait(Lock& lock, Predicate predicate) {
    wait_by(lock, detail::kNever, predicate);
  }

  /// As wait(), for at most `timeout`. False if nobody has notified by then.
  template <BasicLockable Lock, class Rep, class Period>
  bool wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& timeout) {
    return wait_until_deadline(lock, detail::deadline_after(timeout));
  }
  /// Returns what the predicate said last.
  template <BasicLockable Lock, class Rep, class Period, std::predicate Predicate>
  bool wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& timeout,
                Predicate predicate) {
    return wait_by(lock, detail::deadline_after(timeout), predicate);
  }

  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <BasicLockable Lock, class Clock, class Duration>
  bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Duration>& moment) {
    return wait_until_deadline(lock, detail::deadline_at(moment));
  }
  /// Returns what the predicate said last.
  template <BasicLockable Lock, class Clock, class Duration, std::predicate Predicate>
  bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Duration>& moment,
                  Predicate predicate) {
    return wait_by(lock, detail::deadline_at(moment), predicate);
  }

 private:
  // NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): local, moved once
  class Hold {
   public:
    explicit Hold(Mutex& mutex) : mutex_(&mutex) { mutex.lock(); }
    Hold(Hold&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    ~Hold() {
      if (mutex_ != nullptr) {
        mutex_->unlock();
      }
    }

   private:
    Mutex* mutex_;
  };
  template <class Lock>
  class Unlocked {
   public:
    explicit Unlocked(Lock& lock) : lock_(lock) { lock_.unlock(); }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;
    ~Unlocked() {
      const detail::Shielded shielded;
      lock_.lock();
    }

   private:
    Lock& lock_;
  };

  template <class Lock, class Predicate>
  bool wait_by(Lock& lock, std::int64_t deadline, Predicate& predicate) {
    return detail::wait_for_predicate(predicate,
                                      [&] { return wait_until_deadline(lock, deadline); });
  }
  // Who notifies needs the inner mutex, so nobody does between the unlock and the wait. That mutex
  // is unlocked before `lock` is locked: others hold that one while they notify.
  template <class Lock>
  bool wait_until_deadline(Lock& lock, std::int64_t deadline) {
    const std::shared_ptr<Mutex> mutex = mutex_;  // needed beyond the wait
    Hold inner(*mutex);
    const Unlocked unlocked(lock);
    const Hold until_the_wait_is_over(std::move(inner));
    return condition_.wait_until_deadline(mutex.get(), true, deadline);
  }

  const std::shared_ptr<Mutex> mutex_ = std::make_shared<Mutex>();
  Condition condition_;
};

}  // namespace weft
