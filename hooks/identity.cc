// identity.cc: what a thread is called, where it may run and how it is scheduled, as a table.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "hooks/active.h"
#include "hooks/kernel_thread.h"
#include "hooks/real.h"
#include "hooks/thread.h"
#include "hooks/thread_attributes.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks {

using runtime::Fiber;
namespace sys = runtime::sys;

namespace {

int rename(pthread_t thread, const char* name) {
  Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_setname_np(thread, name);
  }
  if (::strnlen(name, sizeof fiber->name) >= sizeof fiber->name) {
    return ERANGE;
  }
  name_fiber(*fiber, name);
  return 0;
}

int name_of(pthread_t thread, char* name, std::size_t size) {
  const Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_getname_np(thread, name, size);
  }
  if (size < sizeof fiber->name) {
    return ERANGE;
  }
  std::memcpy(name, fiber->name, sizeof fiber->name);
  return 0;
}

// The kernel thread that a fiber has to itself; zero if it has none.
pid_t own_kernel_thread(const Fiber& fiber) {
  return fiber.pinned != nullptr ? fiber.pinned->kernel_tid : 0;
}

// What a fiber asks for itself it gets, with a kernel thread of its own. What it asks for another
// fiber, that one must have such a kernel thread for.
pid_t kernel_thread_for(Fiber& fiber) {
  if (&fiber == runtime::current()) {
    pin_fiber();
  }
  const pid_t own = own_kernel_thread(fiber);
  return own != 0 || &fiber != runtime::current() ? own : static_cast<pid_t>(sys::call(SYS_gettid));
}

int errno_of(long result) { return result == -1 ? errno : 0; }

int affinity_of(pthread_t thread, std::size_t size, cpu_set_t* set) {
  const Fiber* const fiber = fiber_of(thread);
  return fiber == nullptr ? real::pthread_getaffinity_np(thread, size, set)
                          : errno_of(real::sched_getaffinity(own_kernel_thread(*fiber), size, set));
}

int set_affinity(pthread_t thread, std::size_t size, const cpu_set_t* set) {
  Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_setaffinity_np(thread, size, set);
  }
  const pid_t id = kernel_thread_for(*fiber);
  if (id != 0) {
    return errno_of(real::sched_setaffinity(id, size, set));
  }
  return CPU_COUNT_S(size, set) == 0 ? EINVAL : 0;
}

int policy_of(pthread_t thread, int* policy, sched_param* param) {
  const Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_getschedparam(thread, policy, param);
  }
  const pid_t id = own_kernel_thread(*fiber);
  *policy = id == 0 ? SCHED_OTHER : ::sched_getscheduler(id);
  *param = {};
  return id == 0 ? 0 : errno_of(::sched_getparam(id, param));
}

// For a fiber without a kernel thread of its own only what it has already is granted.
int set_policy(pthread_t thread, int policy, const sched_param* param) {
  Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_setschedparam(thread, policy, param);
  }
  const int lowest = ::sched_get_priority_min(policy);
  if (lowest < 0 || param->sched_priority < lowest ||
      param->sched_priority > ::sched_get_priority_max(policy)) {
    return EINVAL;
  }
  if (policy == SCHED_OTHER && own_kernel_thread(*fiber) == 0) {
    return 0;
  }
  const pid_t id = kernel_thread_for(*fiber);
  return id == 0 ? EPERM : errno_of(real::sched_setscheduler(id, policy, param));
}

int set_priority(pthread_t thread, int priority) {
  Fiber* const fiber = fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_setschedprio(thread, priority);
  }
  const pid_t id = own_kernel_thread(*fiber);
  if (id == 0) {
    return priority == 0 ? 0 : EINVAL;
  }
  const sched_param param = {.sched_priority = priority};
  return errno_of(real::sched_setparam(id, &param));
}

int attributes_of(pthread_t thread, pthread_attr_t* attr) {
  const Fiber* const fiber = fiber_of(thread);
  return fiber == nullptr ? real::pthread_getattr_np(thread, attr)
                          : attributes_of_fiber(*fiber, attr);
}

}  // namespace

// The main thread's name is the process's, for ps(1) and the like. The main fiber may be on another
// kernel thread, so prctl will not do.
void name_fiber(Fiber& fiber, const char* name) {
  runtime::set_name(fiber, name);
  if (!fiber.is_main) {
    return;
  }
  char path[40] = {};
  std::snprintf(path, sizeof path, "/proc/self/task/%d/comm", fiber.tid);
  const long fd = sys::call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  if (!sys::failed(fd)) {
    sys::call(SYS_write, fd, fiber.name, std::strlen(fiber.name));
    sys::call(SYS_close, fd);
  }
}

pid_t thread_id() {
  const Fiber* const self = runtime::current();
  if (self == nullptr || self->scheduler != runtime::Scheduler::process() || !self->own_tls ||
      !is_on(Group::kThread)) {
    return static_cast<pid_t>(sys::call(SYS_gettid));
  }
  return self == &self->scheduler->leader() ? static_cast<pid_t>(sys::call(SYS_getpid)) : self->tid;
}

// clang-format off
extern "C" {
// symbol, signature                                                               how
pid_t gettid               ()                                                      { return thread_id(); }
int pthread_setname_np     (pthread_t t, const char* name)                         { return rename(t, name); }
int pthread_getname_np     (pthread_t t, char* name, size_t n)                     { return name_of(t, name, n); }
int pthread_setaffinity_np (pthread_t t, size_t n, const cpu_set_t* set)           { return set_affinity(t, n, set); }
int pthread_getaffinity_np (pthread_t t, size_t n, cpu_set_t* set)                 { return affinity_of(t, n, set); }
int pthread_setschedparam  (pthread_t t, int policy, const sched_param* p)         { return set_policy(t, policy, p); }
int pthread_getschedparam  (pthread_t t, int* policy, sched_param* p)              { return policy_of(t, policy, p); }
int pthread_setschedprio   (pthread_t t, int priority)                             { return set_priority(t, priority); }
int pthread_getattr_np     (pthread_t t, pthread_attr_t* a)                        { return attributes_of(t, a); }
}
// clang-format on

}  // namespace weft::hooks
