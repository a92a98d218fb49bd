// kernel_thread.cc: what belongs to kernel threads, as a table.
#include "hooks/kernel_thread.h"

#include <sched.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstring>

#include "hooks/active.h"
#include "hooks/real.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// Whether the calls that name a thread by its id mean the calling one.
bool is_self(long id) { return id == 0 || id == thread_id(); }

// The id by which the kernel knows the thread that the program calls `id`; else -errno. For what
// only looks, all fibers that share a kernel thread are like the process's first.
long kernel_id(long id, bool changes) {
  if (id == thread_id()) {
    return 0;
  }
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  if (id < runtime::kFirstFiberTid || scheduler == nullptr) {
    return id;
  }
  const runtime::Fiber* const fiber = scheduler->fiber_of_tid(static_cast<pid_t>(id));
  if (fiber == nullptr) {
    return -ESRCH;
  }
  const runtime::Worker* const own = fiber->pinned;
  return own != nullptr ? own->kernel_tid : changes ? -EPERM : sys::call(SYS_getpid);
}

// libc's call with the kernel's id.
template <class Call>
int on_thread(long id, bool changes, Call call) {
  if (changes && is_self(id)) {
    pin_fiber();
  }
  const long known = kernel_id(id, changes);
  return runtime::sys::failed(known) ? static_cast<int>(to_libc(known))
                                     : call(static_cast<pid_t>(known));
}
template <class Call>
int change(long id, Call call) {
  return on_thread(id, true, call);
}
template <class Call>
int look(long id, Call call) {
  return on_thread(id, false, call);
}

// Which argument of a system call is a thread's id; -1 if none is.
int index_of_id(long number, long first_argument) {
  switch (number) {
    case SYS_sched_setaffinity:
    case SYS_sched_getaffinity:
    case SYS_sched_setscheduler:
    case SYS_sched_getscheduler:
    case SYS_sched_setparam:
    case SYS_sched_getparam:
    case SYS_sched_setattr:
    case SYS_sched_getattr:
    case SYS_sched_rr_get_interval:
      return 0;
    case SYS_setpriority:
    case SYS_getpriority:
      return first_argument == PRIO_PROCESS ? 1 : -1;
    default:
      return -1;
  }
}

bool changes_thread(int option) {
  constexpr int kOptions[] = {
      PR_SET_KEEPCAPS, PR_CAPBSET_DROP,     PR_SET_SECUREBITS, PR_CAP_AMBIENT,
      PR_SET_SECCOMP,  PR_SET_NO_NEW_PRIVS, PR_SET_TIMERSLACK, PR_SET_SPECULATION_CTRL,
      PR_SET_TSC,      PR_MCE_KILL,         PR_SET_IO_FLUSHER, PR_SET_PDEATHSIG,
  };
  for (const int known : kOptions) {
    if (known == option) {
      return true;
    }
  }
  return false;
}

// A fiber's name is its own, and not its kernel thread's.
bool is_about_name(int option, long address) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr || !is_on(Group::kThread)) {
    return false;
  }
  constexpr std::size_t kSize = sizeof self->name;
  if (option == PR_SET_NAME) {
    name_fiber(*self, reinterpret_cast<const char*>(address));  // NOLINT: as prctl has it
    return true;
  }
  if (option == PR_GET_NAME) {
    std::memcpy(reinterpret_cast<char*>(address), self->name, kSize);  // NOLINT: as prctl has it
    return true;
  }
  return false;
}

int control_process(int option, const long (&a)[4]) {
  if (is_about_name(option, a[0])) {
    return 0;
  }
  if (changes_thread(option)) {
    pin_fiber();
  }
  return real::prctl(option, a[0], a[1], a[2], a[3]);
}

bool of_process(__priority_which_t which) { return which == PRIO_PROCESS; }

template <class Call>
auto pinned(bool changes_self, Call call) {
  if (changes_self) {
    pin_fiber();
  }
  return call();
}

}  // namespace

void pin_fiber() {
  if (is_on(Group::kThread) && runtime::current() != nullptr) {
    runtime::current()->scheduler->pin_current(true);
  }
}

long name_kernel_thread(long number, long (&arguments)[6]) {
  const int index = index_of_id(number, arguments[0]);
  if (index < 0) {
    return 0;
  }
  const long id = kernel_id(arguments[index], changes_kernel_thread(number, arguments));
  if (runtime::sys::failed(id)) {
    return id;
  }
  arguments[index] = id;
  return 0;
}

bool changes_kernel_thread(long number, const long (&arguments)[6]) {
  switch (number) {
    case SYS_unshare:
    case SYS_setns:
    case SYS_capset:
    case SYS_personality:
    case SYS_setfsuid:
    case SYS_setfsgid:
    case SYS_seccomp:
    case SYS_ioprio_set:
    case SYS_set_mempolicy:
    // libc's functions of these names change all threads, the bare system calls only one.
    case SYS_setuid:
    case SYS_setgid:
    case SYS_setreuid:
    case SYS_setregid:
    case SYS_setresuid:
    case SYS_setresgid:
    case SYS_setgroups:
      return true;
    case SYS_sched_setaffinity:
    case SYS_sched_setscheduler:
    case SYS_sched_setparam:
    case SYS_sched_setattr:
      return is_self(arguments[0]);
    case SYS_setpriority:
      return arguments[0] == PRIO_PROCESS && is_self(arguments[1]);
    case SYS_prctl:
      return changes_thread(static_cast<int>(arguments[0]));
    default:
      return false;
  }
}

#define REAL(call) [&] { return real::call; }

// clang-format off
extern "C" {
// symbol, signature                                                                 how
int sched_setaffinity (pid_t id, size_t n, const cpu_set_t* set)                     { return change(id, [=](pid_t k) { return real::sched_setaffinity(k, n, set); }); }
int sched_getaffinity (pid_t id, size_t n, cpu_set_t* set)                           { return look(id, [=](pid_t k) { return real::sched_getaffinity(k, n, set); }); }
int sched_setscheduler(pid_t id, int policy, const sched_param* p)                   { return change(id, [=](pid_t k) { return real::sched_setscheduler(k, policy, p); }); }
int sched_getscheduler(pid_t id)                                                     { return look(id, [=](pid_t k) { return real::sched_getscheduler(k); }); }
int sched_setparam    (pid_t id, const sched_param* p)                               { return change(id, [=](pid_t k) { return real::sched_setparam(k, p); }); }
int sched_getparam    (pid_t id, sched_param* p)                                     { return look(id, [=](pid_t k) { return real::sched_getparam(k, p); }); }
int setpriority       (__priority_which_t which, id_t id, int value)                 { return of_process(which) ? change(id, [=](pid_t k) { return real::setpriority(which, static_cast<id_t>(k), value); }) : real::setpriority(which, id, value); }
int getpriority       (__priority_which_t which, id_t id)                            { return of_process(which) ? look(id, [=](pid_t k) { return real::getpriority(which, static_cast<id_t>(k)); }) : real::getpriority(which, id); }
int unshare           (int flags)                                                    { return pinned(true, REAL(unshare(flags))); }
int setns             (int fd, int type)                                             { return pinned(true, REAL(setns(fd, type))); }
int personality       (unsigned long persona)                                        { return pinned(persona != 0xffff'ffff, REAL(personality(persona))); }
int capset            (void* header, const void* data)                               { return pinned(true, REAL(capset(header, data))); }
int setfsuid          (uid_t id)                                                     { return pinned(true, REAL(setfsuid(id))); }
int setfsgid          (gid_t id)                                                     { return pinned(true, REAL(setfsgid(id))); }

int prctl(int option, ...) {
  // All are forwarded, present or not: libc's own reads them, too.
  va_list list;
  va_start(list, option);
  long arguments[4] = {};
  for (long& argument : arguments) {
    argument = va_arg(list, long);
  }
  va_end(list);
  return control_process(option, arguments);
}
}
// clang-format on

}  // namespace weft::hooks
