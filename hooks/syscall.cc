// syscall.cc: syscall(2): the same calls by number.
#include <stdarg.h>
#include <sys/syscall.h>

#include "hooks/active.h"
#include "hooks/kernel_thread.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/sync/futex.h"
#include "hooks/thread.h"
#include "hooks/wait.h"

namespace weft::hooks {

namespace {

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
  if (changes_kernel_thread(number, a)) {
    pin_fiber();
  }
  if (const long error = name_kernel_thread(number, a)) {
    return to_libc(error);
  }
  return real::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
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
