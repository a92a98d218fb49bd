// parking_lot.h: fibers, and kernel threads that are not weft's, waiting for an address; first
// come, first served.
//
// Layer:  runtime. Locks, conditions, semaphores, joins and futexes are all built on this.
//
// Protocol: a waiter queues itself under the lock of its address's bucket, after a last look at the
// word it waits for (`valid`). A waker changes the word first and takes the same lock second. So
// either the waiter sees the change and does not sleep, or the waker finds it queued. Waiters lie
// on their own stacks: waiting allocates nothing. Handlers run only when a waiter is out of its
// queue, since they may leave its stack by a jump.
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/deadline.h"
#include "runtime/fiber.h"
#include "runtime/may_wait.h"
#include "runtime/spin_lock.h"

namespace weft::runtime::lot {

enum class Woken : std::uint8_t {
  kUnparked,
  kInvalid,      // `valid` said no: never slept
  kTimedOut,     // the deadline passed; nobody's wake-up was taken
  kInterrupted,  // there is a handler to run, or has been, or the fiber is to be cancelled: look
                 // again; nobody's wake-up was taken
  kDeadlock,     // nobody is left who could wake; only where hears_of_deadlock
  kCalledOff,    // by what was thrown into the fiber, or by its limit of time; only where
                 // cancellable; nobody's wake-up was taken
};

class WaitSet;

/// One wait. Fields but `woken` are guarded by the lock of the bucket of `address`.
struct Waiter {
  std::atomic<const void*> address{nullptr};
  Fiber* fiber = nullptr;  // null: a kernel thread, which sleeps on `woken`
  Waiter* next = nullptr;
  WaitSet* set = nullptr;  // that it is a member of: who sleeps is the owner of that
  std::uint32_t tag = 0;   // for the waker to choose by
  bool queued = false;
  std::atomic<std::uint32_t> woken{0};
};

struct alignas(64) Bucket {
  SpinLock lock;
  Waiter* head = nullptr;
  Waiter* tail = nullptr;
};

Bucket& bucket_of(const void* address);
void enqueue(Bucket& bucket, Waiter& waiter, const void* address, std::uint32_t tag);
struct ParkOptions {
  Deadline deadline = Deadline::never();
  std::uint32_t tag = 0;
  bool interruptible = false;
  bool hears_of_deadlock = false;
  bool cancellable = false;
  WaitReason::Kind kind = WaitReason::Kind::kAddress;  // for reports
};

/// Sleeps until woken, the deadline, (if asked) a signal handler, cancellation or a deadlock, or an
/// asynchronous cancellation; takes itself out of the queue then.
Woken sleep(Waiter& waiter, const ParkOptions& options);
/// The same for a word that is 0 until somebody sets it and then calls wake_sleeper() with who
/// sleeps here. `address` is for reports.
Woken sleep_until_set(const std::atomic<std::uint32_t>& word, const void* address,
                      const ParkOptions& options);
/// Others may find waiters on the fiber's stack, unless it is null, from now on, or no more. As
/// long as they may, the kernel's handlers do not run there: they may leave by a jump.
inline void stack_is_queued(Fiber* fiber, bool is_queued) {
  if (fiber != nullptr) {
    fiber->is_queued = is_queued;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}
/// Threads: any. From the store to the word on the sleeper may be gone: a fiber's memory is never
/// unmapped, and a futex wake at a dead address wakes nobody.
void wake_sleeper(Fiber* sleeper, const std::atomic<std::uint32_t>& word);
/// Takes out a waiter that nobody has woken. False if somebody has.
bool withdraw(Waiter& waiter);
/// Takes out and wakes the waiter behind `previous` (null: the head). The bucket's lock is held.
void wake_next(Bucket& bucket, Waiter* previous);

/// Waits at `address` if valid() says so under the bucket's lock. before_sleep() runs once queued,
/// outside of the lock.
template <class Valid, class BeforeSleep>
Woken park(const void* address, Valid valid, BeforeSleep before_sleep, ParkOptions options = {}) {
  check_may_wait();
  Waiter waiter;
  Bucket& bucket = bucket_of(address);
  bucket.lock.lock();
  if (!valid()) {
    bucket.lock.unlock();
    return Woken::kInvalid;
  }
  enqueue(bucket, waiter, address, options.tag);
  bucket.lock.unlock();
  before_sleep();
  return sleep(waiter, options);
}

template <class Valid>
Woken park(const void* address, Valid valid, ParkOptions options = {}) {
  return park(
      address, valid, [] {}, options);
}

/// Waits at `address` as long as valid() says so. Whoever changes that unparks afterwards.
template <class Valid>
void park_while(const void* address, Valid valid) {
  while (valid()) {
    park(address, valid);
  }
}

/// One of several words to wait at, as long as it is what is expected.
struct Place {
  const std::uint32_t* word;
  std::uint32_t expected;
};
inline constexpr std::size_t kMostPlaces = 128;

/// Waits at all of them, up to kMostPlaces, until woken at one: then *woken says at which. On
/// fibers only.
Woken park_any(const Place* places, std::size_t count, const ParkOptions& options,
               std::size_t* woken);

enum class Choice : std::uint8_t { kWake, kSkip, kStop };

/// Walks the waiters of `address` in order under the lock: choose(tag) says what to do with each.
/// Then finish(woken, left) runs, still under the lock: how many were woken, and how many stay.
/// Returns the number woken.
template <class Choose, class Finish>
int unpark_if(const void* address, Choose choose, Finish finish) {
  Bucket& bucket = bucket_of(address);
  const SpinGuard hold(bucket.lock);
  int woken = 0;
  int left = 0;
  bool stopped = false;
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  for (Waiter* w = bucket.head; w != nullptr; w = next) {
    next = w->next;
    if (w->address.load(std::memory_order_relaxed) != address) {
      previous = w;
      continue;
    }
    const Choice choice = stopped ? Choice::kSkip : choose(w->tag);
    stopped = stopped || choice == Choice::kStop;
    if (choice == Choice::kWake) {
      wake_next(bucket, previous);
      ++woken;
    } else {
      ++left;
      previous = w;
    }
  }
  finish(woken, left);
  return woken;
}

/// Wakes up to `count` waiters of `address`, oldest first. Returns how many.
int unpark(const void* address, int count);

inline constexpr int kAll = 0x7fff'ffff;

/// If valid() holds under the locks: wakes up to `wake` waiters of `from`, and moves up to `move`
/// others to wait at `to`. Returns the number woken and moved; -1 if not valid.
struct Requeued {
  int woken;
  int moved;
};
template <class Valid>
bool requeue(const void* from, const void* to, Valid valid, int wake, int move, Requeued* result);

void lock_both(Bucket& a, Bucket& b);
void unlock_both(Bucket& a, Bucket& b);
Requeued requeue_locked(const void* from, const void* to, int wake, int move);

template <class Valid>
bool requeue(const void* from, const void* to, Valid valid, int wake, int move, Requeued* result) {
  lock_both(bucket_of(from), bucket_of(to));
  const bool good = valid();
  if (good) {
    *result = requeue_locked(from, to, wake, move);
  }
  unlock_both(bucket_of(from), bucket_of(to));
  return good;
}

/// In a fork's child: nobody waits.
void after_fork_in_child();

}  // namespace weft::runtime::lot
