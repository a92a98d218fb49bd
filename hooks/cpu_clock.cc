// cpu_clock.cc: the clocks of CPU time of threads, as a table.
//
// A fiber's clock has the number that the kernel would give to a thread of the fiber's id, which no
// kernel thread has; the main fiber's, that of an id which the kernel gives to nobody.
#include <pthread.h>
#include <time.h>

#include <cerrno>

#include "hooks/active.h"
#include "hooks/real.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/cpu_time.h"
#include "runtime/scheduler.h"

namespace weft::hooks {

using runtime::Fiber;
namespace cpu_time = runtime::cpu_time;

namespace {

constexpr pid_t kIdOfMain = runtime::kFirstFiberTid - 1;

pid_t id_for_clock(const Fiber& fiber) { return fiber.is_main ? kIdOfMain : fiber.tid; }

bool is_of_fiber(clockid_t clock) {
  return clock < 0 && cpu_time::thread_of_clock(clock) >= kIdOfMain &&
         runtime::Scheduler::process() != nullptr;
}

// Of the fiber with that clock; negative if there is none.
std::int64_t used_by_other(clockid_t clock) {
  std::int64_t used = -1;
  runtime::Scheduler::process()->for_each_fiber([&](Fiber& fiber) {
    if (id_for_clock(fiber) == cpu_time::thread_of_clock(clock)) {
      used = cpu_time::used_ns(fiber);
    }
  });
  return used;
}

// The running fiber, if its own CPU time is not just that of its kernel thread.
Fiber* fiber_with_own_time() {
  Fiber* const self = runtime::current();
  return self != nullptr && self->own_tls && is_on(Group::kThread) && !self->scheduler->is_alone()
             ? self
             : nullptr;
}

int tell(std::int64_t ns, timespec* out) {
  if (ns < 0) {
    return static_cast<int>(to_libc(-EINVAL));
  }
  *out = Deadline::at(ns).to_timespec();
  return 0;
}

int read_clock(clockid_t clock, timespec* out) {
  if (__builtin_expect(clock >= 0 && clock != CLOCK_THREAD_CPUTIME_ID, 1)) {
    return real::clock_gettime(clock, out);
  }
  if (is_of_fiber(clock)) {
    return tell(used_by_other(clock), out);
  }
  Fiber* const self = clock == CLOCK_THREAD_CPUTIME_ID ? fiber_with_own_time() : nullptr;
  if (self == nullptr) {
    return real::clock_gettime(clock, out);
  }
  cpu_time::keep(*self->scheduler);
  return tell(cpu_time::used_ns(*self), out);
}

int read_resolution(clockid_t clock, timespec* out) {
  return real::clock_getres(is_of_fiber(clock) ? CLOCK_THREAD_CPUTIME_ID : clock, out);
}

int cpu_clock_of(pthread_t thread, clockid_t* clock) {
  const Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr || !fiber->own_tls) {
    return real::pthread_getcpuclockid(thread, clock);
  }
  cpu_time::keep(*fiber->scheduler);
  *clock = cpu_time::clock_of_thread(id_for_clock(*fiber));
  return 0;
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                          how
int clock_gettime        (clockid_t clock, timespec* out)    { return read_clock(clock, out); }
int clock_getres         (clockid_t clock, timespec* out)    { return read_resolution(clock, out); }
int pthread_getcpuclockid(pthread_t t, clockid_t* clock)     { return cpu_clock_of(t, clock); }
}
// clang-format on

}  // namespace weft::hooks
