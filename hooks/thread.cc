// thread.cc: threads as fibers, as a table.
#include "hooks/thread.h"

#include <limits.h>
#include <setjmp.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "hooks/active.h"
#include "hooks/quit.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/time_point.h"
#include "runtime/check.h"
#include "runtime/cpus.h"
#include "runtime/scheduler.h"
#include "runtime/settings.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

// glibc's half of pthread_cleanup_push, which its C++ header does not declare.
extern "C" int __sigsetjmp(struct __jmp_buf_tag* buffer, int save_mask) noexcept
    __attribute__((returns_twice));
extern "C" void __pthread_register_cancel(__pthread_unwind_buf_t*);
extern "C" void __pthread_unregister_cancel(__pthread_unwind_buf_t*);

namespace weft::hooks {

using runtime::Deadline;
using runtime::Fiber;
using runtime::Scheduler;
namespace sys = runtime::sys;

namespace {

using Start = void* (*)(void*);

constinit thread_local pid_t kernel_thread_id [[gnu::tls_model("initial-exec")]] = 0;

// What glibc's start_thread does around the program's function: pthread_exit and cancellation
// unwind to here, running cleanup handlers and destructors on the way.
[[gnu::noinline]] void call_start_routine(Fiber* self, Start start, void* argument) {
  __pthread_unwind_buf_t outermost;  // NOLINT: filled by the next two calls
  if (__sigsetjmp(reinterpret_cast<struct __jmp_buf_tag*>(outermost.__cancel_jmp_buf), 0) == 0) {
    __pthread_register_cancel(&outermost);
    self->result = start(argument);
    __pthread_unregister_cancel(&outermost);
  }
}

void thread_main(Fiber* self) {
  runtime::tcb::on_start();
  const auto start = reinterpret_cast<Start>(self->result);
  self->result = PTHREAD_CANCELED;  // unless the function returns, or pthread_exit says otherwise
  call_start_routine(self, start, self->argument);
  runtime::tcb::on_exit();
  if (self->scheduler == Scheduler::process() && self->scheduler->is_alone()) {
    std::exit(0);  // the last thread of a process whose main thread has gone
  }
  Scheduler::end_current();
}

// The scheduler that a new thread becomes a fiber of; null if it is to be a kernel thread.
Scheduler* scheduler_for_threads() {
  if (!is_on(Group::kThread)) {
    return nullptr;
  }
  if (Scheduler* const known = Scheduler::current()) {
    return runtime::current() != nullptr && threads_can_be_fibers() ? known : nullptr;
  }
  const bool is_main_thread = sys::call(SYS_getpid) == sys::call(SYS_gettid);
  if (!is_main_thread || !threads_can_be_fibers() ||
      !Scheduler::start_process(runtime::available_cpus())) {
    return nullptr;
  }
  report_on_quit();
  return Scheduler::current();
}

// A thread's attributes, as far as fibers have them.
struct Attributes {
  runtime::SpawnOptions options;
  sigset_t mask = {};
  bool has_mask = false;
};

void read_stack(const pthread_attr_t* attr, runtime::SpawnOptions& options) {
  void* low = nullptr;
  std::size_t size = 0;
  ::pthread_attr_getstack(attr, &low, &size);
  char* const top = static_cast<char*>(low) + size;
  if (top != nullptr) {  // glibc's "not set" is a stack that ends at address zero
    options.stack_low = static_cast<char*>(low);
    options.stack_top = top;
  }
  options.stack_bytes = size;
}

Attributes read_attributes(const pthread_attr_t* attr) {
  Attributes result;
  result.options.own_tls = true;
  pthread_attr_t defaults = {};
  ::pthread_getattr_default_np(&defaults);
  std::size_t default_size = 0;
  ::pthread_attr_getstacksize(&defaults, &default_size);
  int detached = PTHREAD_CREATE_JOINABLE;
  if (attr != nullptr) {
    ::pthread_attr_getdetachstate(attr, &detached);
    read_stack(attr, result.options);
    result.has_mask = ::pthread_attr_getsigmask_np(attr, &result.mask) == 0;
  } else {
    result.options.stack_bytes = default_size;
  }
  ::pthread_attr_destroy(&defaults);
  result.options.detached = detached == PTHREAD_CREATE_DETACHED;
  const std::size_t wanted = runtime::settings().stack_bytes;
  if (wanted != 0 && result.options.stack_bytes == default_size) {
    result.options.stack_bytes = wanted;
  }
  return result;
}

int create(pthread_t* out, const pthread_attr_t* attr, Start start, void* argument) {
  Scheduler* const scheduler = scheduler_for_threads();
  if (scheduler == nullptr) {
    return real::pthread_create(out, attr, start, argument);
  }
  const Attributes attributes = read_attributes(attr);
  Fiber* const fiber = scheduler->spawn_held(attributes.options, thread_main, argument);
  if (fiber == nullptr) {
    return EAGAIN;
  }
  fiber->result = reinterpret_cast<void*>(start);
  if (attributes.has_mask) {
    fiber->signal_mask = bits_of(attributes.mask);
  }
  *out = reinterpret_cast<pthread_t>(fiber->thread_pointer);
  scheduler->release(fiber);
  return 0;
}

// 0 if the caller may now wait for the fiber's end, and no other may.
int claim_join(Fiber* fiber) {
  if (fiber == runtime::current()) {
    return EDEADLK;
  }
  const std::uint32_t before = fiber->end_state.fetch_or(Fiber::kIsJoined);
  return (before & (Fiber::kIsJoined | Fiber::kIsDetached)) != 0 ? EINVAL : 0;
}

int join_fiber(Fiber* fiber, void** result, Deadline deadline) {
  if (const int error = claim_join(fiber)) {
    return error;
  }
  if (Scheduler::join(fiber, deadline, result)) {
    return 0;
  }
  fiber->end_state.fetch_and(~std::uint32_t{Fiber::kIsJoined});
  return ETIMEDOUT;
}

// A kernel thread's end raises no event that a hub could wait for: look at growing intervals.
int join_kernel_thread(pthread_t thread, void** result, Deadline deadline) {
  std::chrono::microseconds pause(50);
  constexpr std::chrono::microseconds kLongest(5'000);
  for (;;) {
    const int error = real::pthread_tryjoin_np(thread, result);
    if (error != EBUSY) {
      return error;
    }
    if (deadline.passed()) {
      return ETIMEDOUT;
    }
    runtime::park_until(std::min(deadline, Deadline::after(pause)));
    pause = std::min(pause * 2, kLongest);
  }
}

template <class Next>
int join_until(pthread_t thread, void** result, Deadline deadline, Next next) {
  test_cancel();
  if (Fiber* const fiber = any_fiber_of(thread)) {
    return join_fiber(fiber, result, deadline);
  }
  return cooperative(Group::kThread) != nullptr ? join_kernel_thread(thread, result, deadline)
                                                : next();
}

int try_join(pthread_t thread, void** result) {
  Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_tryjoin_np(thread, result);
  }
  if ((fiber->end_state.load() & Fiber::kHasEnded) == 0) {
    return fiber == runtime::current() ? EDEADLK : EBUSY;
  }
  return join_fiber(fiber, result, Deadline::never());
}

int clock_join(pthread_t thread, void** result, clockid_t clock, const timespec* until) {
  const TimePoint point(clock, until);
  if (!point.is_valid() && fiber_of(thread) != nullptr) {
    return EINVAL;
  }
  return join_until(thread, result, point.deadline(),
                    [=] { return real::pthread_clockjoin_np(thread, result, clock, until); });
}

int detach(pthread_t thread) {
  Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_detach(thread);
  }
  if ((fiber->end_state.load() & Fiber::kIsDetached) != 0) {
    return EINVAL;
  }
  Scheduler::detach(fiber);
  return 0;
}

// libc marks the thread. Where it waits at a cancellation point it wakes, and acts; where it runs
// it acts at the next one.
int cancel(pthread_t thread) {
  Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_cancel(thread);
  }
  if ((fiber->end_state.load() & Fiber::kHasEnded) != 0) {
    return 0;
  }
  const bool is_enabled = runtime::tcb::is_cancellable(fiber->thread_pointer);
  const int error = real::pthread_cancel(thread);
  fiber->cancelled = true;
  if (is_enabled && fiber->interruptible.load()) {
    fiber->interrupted = true;
    runtime::unpark(fiber);
  }
  return error == ESRCH
             ? 0
             : error;  // asynchronous: libc's signal finds no kernel thread of that number
}

[[noreturn]] void exit_thread(void* result) {
  if (Fiber* const self = runtime::current()) {
    self->result = result;
    if (self->is_main) {
      // libc would end the kernel thread, and with it the others.
      self->scheduler->end_main();
    }
  }
  real::pthread_exit(result);
  __builtin_unreachable();
}

int stack_of_fiber(const Fiber& fiber, pthread_attr_t* attr) {
  ::pthread_attr_init(attr);
  const bool detached = (fiber.end_state.load() & Fiber::kIsDetached) != 0;
  ::pthread_attr_setdetachstate(attr, detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
  ::pthread_attr_setguardsize(attr, 4096);
  return ::pthread_attr_setstack(attr, fiber.stack_low,
                                 static_cast<std::size_t>(fiber.stack_top - fiber.stack_low));
}

int attributes_of(pthread_t thread, pthread_attr_t* attr) {
  const Fiber* const fiber = fiber_of(thread);
  return fiber == nullptr ? real::pthread_getattr_np(thread, attr) : stack_of_fiber(*fiber, attr);
}

int rename(pthread_t thread, const char* name) {
  Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_setname_np(thread, name);
  }
  if (::strnlen(name, sizeof fiber->name) >= sizeof fiber->name) {
    return ERANGE;
  }
  runtime::set_name(*fiber, name);
  return 0;
}

int name_of(pthread_t thread, char* name, std::size_t size) {
  const Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_getname_np(thread, name, size);
  }
  if (size <= std::strlen(fiber->name)) {
    return ERANGE;
  }
  std::strcpy(name, fiber->name);  // NOLINT: the size was checked above
  return 0;
}

// The CPUs of a fiber are those of its worker; what a program asks for one thread is not imposed on
// the others.
int affinity_of(pthread_t thread, std::size_t size, cpu_set_t* set) {
  return fiber_of(thread) == nullptr              ? real::pthread_getaffinity_np(thread, size, set)
         : ::sched_getaffinity(0, size, set) == 0 ? 0
                                                  : errno;
}

int set_affinity(pthread_t thread, std::size_t size, const cpu_set_t* set) {
  if (fiber_of(thread) == nullptr) {
    return real::pthread_setaffinity_np(thread, size, set);
  }
  return CPU_COUNT_S(size, set) == 0 ? EINVAL : 0;
}

int policy_of(pthread_t thread, int* policy, sched_param* param) {
  if (fiber_of(thread) == nullptr) {
    return real::pthread_getschedparam(thread, policy, param);
  }
  *policy = SCHED_OTHER;
  *param = {};
  return 0;
}

int set_policy(pthread_t thread, int policy, const sched_param* param) {
  if (fiber_of(thread) == nullptr) {
    return real::pthread_setschedparam(thread, policy, param);
  }
  if (param->sched_priority < ::sched_get_priority_min(policy) ||
      param->sched_priority > ::sched_get_priority_max(policy)) {
    return EINVAL;
  }
  return policy == SCHED_OTHER ? 0 : EPERM;  // a fiber has no policy of its own to raise
}

int set_priority(pthread_t thread, int priority) {
  return fiber_of(thread) == nullptr ? real::pthread_setschedprio(thread, priority)
         : priority == 0             ? 0
                                     : EINVAL;
}

int cpu_clock_of(pthread_t thread, clockid_t* clock) {
  if (fiber_of(thread) == nullptr) {
    return real::pthread_getcpuclockid(thread, clock);
  }
  *clock = CLOCK_THREAD_CPUTIME_ID;  // of the worker that runs it
  return 0;
}

}  // namespace

Fiber* any_fiber_of(pthread_t thread) {
  Scheduler* const scheduler = Scheduler::current();
  if (scheduler != nullptr) {
    Fiber& main = scheduler->main_fiber();
    if (reinterpret_cast<pthread_t>(main.thread_pointer) == thread) {
      return &main;
    }
  }
  return fiber_of(thread);
}

pid_t self_id() {
  if (const Fiber* const self = runtime::current()) {
    return self->tid;
  }
  if (kernel_thread_id == 0) {
    kernel_thread_id = static_cast<pid_t>(sys::call(SYS_gettid));
  }
  return kernel_thread_id;
}

void forget_self_id() { kernel_thread_id = 0; }

bool threads_can_be_fibers() {
  static const bool can = [] {
    const char* const why_not = runtime::tcb::available() ? nullptr : runtime::tcb::probe();
    if (why_not != nullptr) {
      runtime::print_line(
          "weft: threads stay kernel threads, since fibers can't have their own TLS here: ",
          why_not);
    }
    return why_not == nullptr;
  }();
  return can;
}

// clang-format off
extern "C" {
// symbol, signature                                                                          how
int  pthread_create         (pthread_t* t, const pthread_attr_t* a, Start start, void* p)    { return create(t, a, start, p); }
int  pthread_join           (pthread_t t, void** r)                                          { return join_until(t, r, Deadline::never(), [=] { return real::pthread_join(t, r); }); }
int  pthread_tryjoin_np     (pthread_t t, void** r)                                          { return try_join(t, r); }
int  pthread_timedjoin_np   (pthread_t t, void** r, const timespec* until)                   { return clock_join(t, r, CLOCK_REALTIME, until); }
int  pthread_clockjoin_np   (pthread_t t, void** r, clockid_t clock, const timespec* until)  { return clock_join(t, r, clock, until); }
int  pthread_detach         (pthread_t t)                                                    { return detach(t); }
int  pthread_cancel         (pthread_t t)                                                    { return cancel(t); }
void pthread_exit           (void* r)                                                        { exit_thread(r); }
int  pthread_getattr_np     (pthread_t t, pthread_attr_t* a)                                 { return attributes_of(t, a); }
int  pthread_setname_np     (pthread_t t, const char* name)                                  { return rename(t, name); }
int  pthread_getname_np     (pthread_t t, char* name, size_t n)                              { return name_of(t, name, n); }
int  pthread_setaffinity_np (pthread_t t, size_t n, const cpu_set_t* set)                    { return set_affinity(t, n, set); }
int  pthread_getaffinity_np (pthread_t t, size_t n, cpu_set_t* set)                          { return affinity_of(t, n, set); }
int  pthread_setschedparam  (pthread_t t, int policy, const sched_param* p)                  { return set_policy(t, policy, p); }
int  pthread_getschedparam  (pthread_t t, int* policy, sched_param* p)                       { return policy_of(t, policy, p); }
int  pthread_setschedprio   (pthread_t t, int priority)                                      { return set_priority(t, priority); }
int  pthread_getcpuclockid  (pthread_t t, clockid_t* clock)                                  { return cpu_clock_of(t, clock); }
}
// clang-format on

}  // namespace weft::hooks
