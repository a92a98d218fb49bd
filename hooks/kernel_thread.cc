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
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// Whether the calls that name a thread by its id mean the calling one.
bool is_self(long id) { return id == 0 || id == sys::call(SYS_gettid); }

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
    runtime::set_name(*self, reinterpret_cast<const char*>(address));  // NOLINT: as prctl has it
    return !self->is_main;  // the main thread's is the process's
  }
  if (option == PR_GET_NAME && !self->is_main) {
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
    runtime::current()->scheduler->pin_current();
  }
}

bool changes_kernel_thread(long number, long first_argument) {
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
      return is_self(first_argument);
    case SYS_prctl:
      return changes_thread(static_cast<int>(first_argument));
    default:
      return false;
  }
}

#define REAL(call) [&] { return real::call; }

// clang-format off
extern "C" {
// symbol, signature                                                                 how
int sched_setaffinity (pid_t id, size_t n, const cpu_set_t* set)                     { return pinned(is_self(id), REAL(sched_setaffinity(id, n, set))); }
int sched_setscheduler(pid_t id, int policy, const sched_param* p)                   { return pinned(is_self(id), REAL(sched_setscheduler(id, policy, p))); }
int sched_setparam    (pid_t id, const sched_param* p)                               { return pinned(is_self(id), REAL(sched_setparam(id, p))); }
int setpriority       (__priority_which_t which, id_t id, int value)                 { return pinned(which == PRIO_PROCESS && is_self(id), REAL(setpriority(which, id, value))); }
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
