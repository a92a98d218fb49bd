// time.cc: sleeps and yields, as a table.
#include <sched.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <chrono>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/scheduler.h"

namespace weft::hooks {

namespace {

using std::chrono::nanoseconds;

// 0 at the deadline, EINTR when a signal handler has run, ECANCELED if it is called off.
int sleep_until(runtime::Fiber* self, Deadline deadline) {
  self->waits_for = runtime::WaitReason{runtime::WaitReason::Kind::kSleep, -1, nullptr};
  test_cancel();
  const int ended = pause_for_handlers(deadline);
  self->waits_for = runtime::WaitReason{};
  return ended;
}

bool is_valid(const timespec& t) {
  return t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < Deadline::kSecond;
}

unsigned sleep_seconds(unsigned seconds) {
  runtime::Fiber* const self = cooperative(Group::kTime);
  if (self == nullptr) {
    return real::sleep(seconds);
  }
  const Deadline deadline = Deadline::after(std::chrono::seconds(seconds));
  const int ended = sleep_until(self, deadline);
  if (ended == 0) {
    return 0;
  }
  errno = ended;
  return static_cast<unsigned>(deadline.left_ns() /
                               Deadline::kSecond);  // whole seconds, as glibc's
}

int sleep_microseconds(useconds_t us) {
  runtime::Fiber* const self = cooperative(Group::kTime);
  if (self == nullptr) {
    return real::usleep(us);
  }
  return static_cast<int>(
      to_libc(-sleep_until(self, Deadline::after(std::chrono::microseconds(us)))));
}

int sleep_for(runtime::Fiber* self, const timespec* t, timespec* left) {
  if (!is_valid(*t)) {
    return EINVAL;
  }
  const Deadline deadline = Deadline::after(nanoseconds(runtime::to_ns(*t)));
  const int ended = sleep_until(self, deadline);
  if (ended != 0 && left != nullptr) {
    *left = deadline.left();
  }
  return ended;
}

int sleep_relative(const timespec* t, timespec* left) {
  runtime::Fiber* const self = cooperative(Group::kTime);
  return self == nullptr ? real::nanosleep(t, left)
                         : static_cast<int>(to_libc(-sleep_for(self, t, left)));
}

// CLOCK_REALTIME may be set while somebody sleeps until a moment on it: wake now and then, and
// look.
int sleep_until_on(runtime::Fiber* self, clockid_t clock, const timespec& t) {
  constexpr std::chrono::seconds kLook(1);
  for (;;) {
    const Deadline deadline = Deadline::on_clock(clock, runtime::to_ns(t));
    const Deadline look = clock == CLOCK_MONOTONIC ? deadline : Deadline::after(kLook);
    const int ended = sleep_until(self, std::min(deadline, look));
    if (ended != 0 || !runtime::is_real_time() || runtime::clock_ns(clock) >= runtime::to_ns(t)) {
      return ended;
    }
  }
}

int sleep_on_clock(clockid_t clock, int flags, const timespec* t, timespec* left) {
  runtime::Fiber* const self = cooperative(Group::kTime);
  const bool known = clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME ||
                     clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
  if (self == nullptr || !known) {
    return real::clock_nanosleep(clock, flags, t, left);
  }
  if (!is_valid(*t)) {
    return EINVAL;
  }
  return (flags & TIMER_ABSTIME) != 0 ? sleep_until_on(self, clock, *t) : sleep_for(self, t, left);
}

int yield_here() {
  if (cooperative(Group::kTime) == nullptr) {
    return real::sched_yield();
  }
  runtime::yield();
  look_for_calls();
  return 0;
}

int sleep_c11(const timespec* t, timespec* left) {
  runtime::Fiber* const self = cooperative(Group::kTime);
  if (self == nullptr) {
    return real::thrd_sleep(t, left);
  }
  const int ended = sleep_for(self, t, left);
  return ended == 0 ? 0 : ended == EINTR ? -1 : -2;
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                   how
unsigned sleep          (unsigned seconds)                                            { return sleep_seconds(seconds); }
int      usleep         (useconds_t us)                                               { return sleep_microseconds(us); }
int      nanosleep      (const timespec* t, timespec* left)                           { return sleep_relative(t, left); }
int      __nanosleep    (const timespec* t, timespec* left)                           { return sleep_relative(t, left); }
int      clock_nanosleep(clockid_t clock, int flags, const timespec* t, timespec* left) { return sleep_on_clock(clock, flags, t, left); }
int      sched_yield    ()                                                            { return yield_here(); }
int      __sched_yield  ()                                                            { return yield_here(); }
int      yield_by_its_old_name() asm("pthread_yield");  // the header makes it another name of sched_yield
int      yield_by_its_old_name()                                                      { return yield_here(); }
int      thrd_sleep     (const timespec* t, timespec* left)                           { return sleep_c11(t, left); }
void     thrd_yield     ()                                                            { yield_here(); }
}
// clang-format on

}  // namespace weft::hooks
