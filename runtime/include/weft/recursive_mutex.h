// weft/recursive_mutex.h: a mutex that its owner may lock again.
//
// Layer:  runtime, public.      See also: weft/mutex.h, weft/sync.h.
#pragma once
#include <weft/mutex.h>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace weft {

/// A mutex that belongs to a fiber, or to a kernel thread off fibers, and that this one may lock
/// any number of times: it is unlocked when it has been unlocked as often.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   unlock() throws std::system_error(EPERM) if the caller does not own it. On fibers a
///           wait may throw: see AnyFiber::kill() and Timeout. It is not locked then.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  as Mutex: nobody starves.
/// Source:   std::recursive_timed_mutex; gevent.lock.RLock.
///
///     weft::RecursiveMutex mutex;
///     std::lock_guard hold(mutex);
class RecursiveMutex {
 public:
  constexpr RecursiveMutex() = default;
  RecursiveMutex(const RecursiveMutex&) = delete;
  RecursiveMutex& operator=(const RecursiveMutex&) = delete;
  ~RecursiveMutex() = default;

  /// Locks it, once more if the caller owns it; waits while another does.
  void lock();
  /// As lock(), without waiting. False if another owns it.
  [[nodiscard]] bool try_lock();
  /// Undoes one lock().
  void unlock();

  /// As lock(), for at most `timeout`. False if it could not be locked by then.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& timeout) {
    return enter_again() || enter(mutex_.try_lock_for(timeout));
  }
  /// As try_lock_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return enter_again() || enter(mutex_.try_lock_until(moment));
  }

  /// Whether the calling fiber, or thread off fibers, owns it.
  [[nodiscard]] bool owned() const;
  /// Whether anybody owns it: when it is looked at, perhaps no longer.
  [[nodiscard]] bool locked() const { return owner_.load(std::memory_order_relaxed) != nullptr; }

 private:
  bool enter_again();
  bool enter(bool has_locked);

  Mutex mutex_;
  std::atomic<const void*> owner_{nullptr};  // what it compares with its own is never another's
  std::size_t depth_ = 0;                    // the owner's
};

}  // namespace weft
