// condition.cc: pthread_cond_t.
//
// Of glibc's object two words are used: the first counts the waiters, so that a signal without
// waiters takes no lock; __wrefs has the attributes. pthread_cond_init and _destroy stay glibc's: a
// zero count is what they make and expect.
#include <cerrno>

#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/sync/native.h"
#include "hooks/sync/sync.h"
#include "hooks/sync/word.h"
#include "runtime/parking_lot.h"

namespace weft::hooks::sync {

namespace lot = runtime::lot;

namespace {

constexpr unsigned kShared = 1;          // __wrefs: other processes use it
constexpr unsigned kMonotonicClock = 2;  // __wrefs: pthread_condattr_setclock(CLOCK_MONOTONIC)

bool is_shared(const pthread_cond_t* c) { return (c->__data.__wrefs & kShared) != 0; }

Word waiters_of(pthread_cond_t* c) { return Word(*reinterpret_cast<std::uint32_t*>(c)); }

int wake(pthread_cond_t* c, int most) {
  const Word waiters = waiters_of(c);
  if (waiters.load() == 0) {
    return 0;
  }
  int left = most;
  lot::unpark_if(
      waiters.address(),
      [&left](std::uint32_t) { return left-- > 0 ? lot::Choice::kWake : lot::Choice::kStop; },
      // Under the bucket's lock: a woken waiter does not touch the object again, which may be gone
      // by then.
      [waiters](int woken, int) { waiters.subtract(static_cast<std::uint32_t>(woken)); });
  return 0;
}

// libc unlocks and locks the mutex by itself, and wakes only those who wait for it in the kernel.
int wait_by_libc(pthread_cond_t* c, pthread_mutex_t* m, const TimePoint& until) {
  if (!may_unlock(m)) {
    return EPERM;
  }
  give_to_libc(m);
  const AsKernelThread identity(libc_knows_owner(m));
  return block([c, m, &until] {
    return until.until() == nullptr
               ? real::pthread_cond_wait(c, m)
               : real::pthread_cond_clockwait(c, m, until.clock(), until.until());
  });
}

}  // namespace

clockid_t clock_of(const pthread_cond_t* c) {
  return (c->__data.__wrefs & kMonotonicClock) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

int wait(pthread_cond_t* c, pthread_mutex_t* m, const TimePoint& until) {
  if (!until.is_valid()) {
    return EINVAL;
  }
  if (is_shared(c)) {
    return wait_by_libc(c, m, until);
  }
  test_cancel();
  const Word waiters = waiters_of(c);
  if (!may_unlock(m)) {
    return EPERM;
  }
  const auto count = [waiters] {
    waiters.add(1);
    return true;
  };
  // Queued first, unlocked second: a signal that comes after the unlock finds the waiter.
  const lot::Woken woken = lot::park(waiters.address(), count, [m] { unlock_to_wait(m); },
                                     {.deadline = until.deadline(), .interruptible = true});
  if (woken != lot::Woken::kUnparked) {  // a signal handler or a cancellation: a spurious wake-up
    waiters.subtract(1);
  }
  const int error = lock(m);
  test_cancel();  // with the mutex locked, as cleanup handlers expect
  return error != 0 ? error : woken == lot::Woken::kTimedOut ? ETIMEDOUT : 0;
}

int signal(pthread_cond_t* c) { return is_shared(c) ? real::pthread_cond_signal(c) : wake(c, 1); }

int broadcast(pthread_cond_t* c) {
  return is_shared(c) ? real::pthread_cond_broadcast(c) : wake(c, lot::kAll);
}

}  // namespace weft::hooks::sync
