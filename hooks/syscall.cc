// syscall.cc: syscall(2): the same calls by number.
#include <linux/sched.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "hooks/active.h"
#include "hooks/fd.h"
#include "hooks/file_lock.h"
#include "hooks/fork.h"
#include "hooks/handed_on.h"
#include "hooks/kernel_thread.h"
#include "hooks/kill.h"
#include "hooks/real.h"
#include "hooks/signal_stack.h"
#include "hooks/sync/futex.h"
#include "hooks/system_v.h"
#include "hooks/thread.h"
#include "hooks/wait.h"

namespace weft::hooks {

namespace {

template <class T>
T* pointer(long argument) {
  return reinterpret_cast<T*>(argument);  // NOLINT: as the kernel has it
}

// Whether it makes a child that goes on as we do, with a copy of our memory.
bool makes_copy(long number, const long (&a)[6]) {
  switch (number) {
    case SYS_fork:
    case SYS_vfork:
      return true;
    case SYS_clone:
      return (a[0] & (CLONE_VM | CLONE_SETTLS)) == 0 && a[1] == 0;
    case SYS_clone3: {
      const auto* const clone = pointer<const clone_args>(a[0]);
      return clone != nullptr && a[1] >= CLONE_ARGS_SIZE_VER0 &&
             (clone->flags & (CLONE_VM | CLONE_SETTLS)) == 0 && clone->stack == 0;
    }
    default:
      return false;
  }
}

// By libc's own, or by a way that keeps neither the other fibers waiting nor weft without its
// descriptors.
long call_by_number(long number, const long (&a)[6]) {
  const auto next = [&] { return real::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]); };
  const auto id = static_cast<int>(a[0]);
  switch (number) {
    case SYS_close:
      return close_number(id);
    case SYS_close_range:
      return close_numbers(static_cast<unsigned>(a[0]), static_cast<unsigned>(a[1]),
                           static_cast<int>(a[2]));
    case SYS_flock:
      return lock_file(id, static_cast<int>(a[1]), next);
    case SYS_fcntl:
      return waits_for_lock(static_cast<int>(a[1]))
                 ? lock_region(without_cancellation(kRegionCall), id, static_cast<int>(a[1]),
                               pointer<void>(a[2]), next)
                 : next();
    case SYS_msgsnd:
      return send_message(without_cancellation(kMessageCall), id, pointer<void>(a[1]),
                          static_cast<std::size_t>(a[2]), static_cast<int>(a[3]), next);
    case SYS_msgrcv:
      return receive_message(without_cancellation(kMessageCall), id, pointer<void>(a[1]),
                             static_cast<std::size_t>(a[2]), a[3], static_cast<int>(a[4]), next);
    case SYS_semop:
      return change_semaphores(id, pointer<sembuf>(a[1]), static_cast<std::size_t>(a[2]), nullptr,
                               [&](const timespec*) { return next(); });
    case SYS_semtimedop:
      return change_semaphores(id, pointer<sembuf>(a[1]), static_cast<std::size_t>(a[2]),
                               pointer<const timespec>(a[3]), [&](const timespec* timeout) {
                                 return real::syscall(number, a[0], a[1], a[2],
                                                      reinterpret_cast<long>(timeout), 0, 0);
                               });
    case SYS_execve:
      return handing_on(pointer<char* const>(a[2]), [&](auto* environment) {
        return real::syscall(number, a[0], a[1], reinterpret_cast<long>(environment), 0, 0, 0);
      });
    case SYS_execveat:
      return handing_on(pointer<char* const>(a[3]), [&](auto* environment) {
        return real::syscall(number, a[0], a[1], a[2], reinterpret_cast<long>(environment), a[4],
                             0);
      });
    default:
      return next();
  }
}

long by_number(long number, long (&a)[6]) {
  if (number == SYS_futex && is_on(Group::kSync)) {
    bool handled = false;
    const long result = sync::futex(a, &handled);
    if (handled) {
      return to_libc(result);
    }
  }
  if (number == SYS_futex_waitv && is_on(Group::kSync)) {
    return to_libc(sync::futex_wait_any(a));
  }
  if (number == SYS_gettid) {
    return thread_id();
  }
  if (number == SYS_tgkill && is_on(Group::kSignal)) {
    return to_libc(
        signal_by_id(static_cast<pid_t>(a[0]), static_cast<pid_t>(a[1]), static_cast<int>(a[2])));
  }
  if (number == SYS_tkill && is_on(Group::kSignal)) {
    return to_libc(signal_by_id(-1, static_cast<pid_t>(a[0]), static_cast<int>(a[1])));
  }
  if (number == SYS_sigaltstack) {
    return to_libc(change_signal_stack(pointer<const stack_t>(a[0]), pointer<stack_t>(a[1])));
  }
  if (number == SYS_pidfd_send_signal && is_on(Group::kSignal)) {
    return pidfd_send_signal(static_cast<int>(a[0]), static_cast<int>(a[1]),
                             reinterpret_cast<siginfo_t*>(a[2]), static_cast<unsigned>(a[3]));
  }
  if (makes_copy(number, a)) {
    return fork_by([&] {
      return real::syscall(number == SYS_vfork ? SYS_fork : number, a[0], a[1], a[2], a[3], a[4],
                           a[5]);
    });
  }
  if (changes_kernel_thread(number, a)) {
    pin_fiber();
  }
  if (const long error = name_kernel_thread(number, a)) {
    return to_libc(error);
  }
  return call_by_number(number, a);
}

}  // namespace

extern "C" long syscall(long number, ...) {
  // All six are forwarded, present or not: libc's own reads six registers, too.
  va_list list;
  va_start(list, number);
  long arguments[6] = {};
  for (long& argument : arguments) {
    argument = va_arg(list, long);
  }
  va_end(list);
  return by_number(number, arguments);
}

}  // namespace weft::hooks
