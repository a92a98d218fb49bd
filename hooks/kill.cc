// kill.cc: what sends signals to the own process and its threads, as a table.
#include "hooks/kill.h"

#include <cerrno>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/signal_target.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/fiber_signals.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;
using runtime::Fiber;

namespace {

// Whether a program may send it: not zero, and none of libc's own.
bool is_signal(int signal) {
  return signal > 0 && signal < _NSIG &&
         (kSignalsOfLibc & runtime::fiber_signals::bit_of(signal)) == 0;
}

// What comes with a signal that this process sends to itself.
siginfo_t info_of(int signal, int code) {
  siginfo_t info = {};
  info.si_signo = signal;
  info.si_code = code;
  info.si_pid = static_cast<pid_t>(sys::call(SYS_getpid));
  info.si_uid = static_cast<uid_t>(sys::call(SYS_getuid));
  return info;
}

siginfo_t queued(int signal, sigval value) {
  siginfo_t info = info_of(signal, SI_QUEUE);
  info.si_value = value;
  return info;
}

// The fiber has one to itself, or is in a call of libc's that blocks it.
bool has_kernel_thread(const Fiber& fiber) {
  return fiber.pinned != nullptr || fiber.is_blocking.load();
}

// Behind the call its handler has run, if that is the running one. 0 or an errno.
int send_signal(Fiber& fiber, const siginfo_t& info) {
  if ((fiber.end_state.load() & Fiber::kHasEnded) != 0) {
    return 0;
  }
  if (&fiber != runtime::current() && has_kernel_thread(fiber)) {
    return runtime::fiber_signals::send_to_kernel_thread(fiber, info);
  }
  const int error = runtime::fiber_signals::send(fiber, info);
  if (&fiber != runtime::current() && fiber.is_blocking.load() && error == 0) {
    fiber.scheduler->call(fiber);  // it has just begun to
  }
  if (&fiber == runtime::current()) {
    run_handlers();  // raise and its kind return behind the handler
  }
  return error;
}

int signal_thread(pthread_t thread, int signal) {
  Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr || !calls_are_handled()) {
    return real::pthread_kill(thread, signal);
  }
  if (signal == 0) {
    return 0;
  }
  return is_signal(signal) ? send_signal(*fiber, info_of(signal, SI_TKILL)) : EINVAL;
}

int queue_signal(pthread_t thread, int signal, sigval value) {
  Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr || !calls_are_handled()) {
    return real::pthread_sigqueue(thread, signal, value);
  }
  if (signal == 0) {
    return 0;
  }
  if (!is_signal(signal)) {
    return EINVAL;
  }
  return send_signal(*fiber, queued(signal, value));
}

int raise_here(int signal) {
  Fiber* const self = runtime::current();
  if (self == nullptr || !is_on(Group::kSignal) || !is_signal(signal) || !calls_are_handled()) {
    return real::raise(signal);
  }
  return static_cast<int>(to_libc(-send_signal(*self, info_of(signal, SI_TKILL))));
}

// Signals that this process sends to itself have targets of weft's choice. Null: the kernel
// chooses.
Fiber* own_target(pid_t process, int signal) {
  const bool is_ours =
      is_on(Group::kSignal) && is_signal(signal) && process == sys::call(SYS_getpid);
  return is_ours && calls_are_handled() ? target_in_process(signal) : nullptr;
}

int kill_process(pid_t process, int signal) {
  Fiber* const target = own_target(process, signal);
  return target == nullptr
             ? real::kill(process, signal)
             : static_cast<int>(to_libc(-send_signal(*target, info_of(signal, SI_USER))));
}

int queue_to_process(pid_t process, int signal, sigval value) {
  Fiber* const target = own_target(process, signal);
  return target == nullptr
             ? real::sigqueue(process, signal, value)
             : static_cast<int>(to_libc(-send_signal(*target, queued(signal, value))));
}

}  // namespace

long signal_by_id(pid_t process, pid_t id, int signal) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  const bool is_of_leader = scheduler != nullptr && id == sys::call(SYS_getpid);
  if (scheduler == nullptr || (id < runtime::kFirstFiberTid && !is_of_leader)) {
    return process == -1 ? sys::call(SYS_tkill, id, signal)
                         : sys::call(SYS_tgkill, process, id, signal);
  }
  Fiber* const found = scheduler->fiber_of_tid(id);
  if (found == nullptr || (process != -1 && process != sys::call(SYS_getpid))) {
    return -ESRCH;
  }
  return signal == 0         ? 0
         : is_signal(signal) ? -send_signal(*found, info_of(signal, SI_TKILL))
                             : -EINVAL;
}

// clang-format off
extern "C" {
// symbol, signature                                              how
int pthread_kill   (pthread_t thread, int signal)                 { return signal_thread(thread, signal); }
int pthread_sigqueue(pthread_t thread, int signal, sigval value)  { return queue_signal(thread, signal, value); }
int raise          (int signal)                                   { return raise_here(signal); }
int gsignal        (int signal)                                   { return raise_here(signal); }
int tgkill         (pid_t process, pid_t id, int signal)          { return static_cast<int>(to_libc(signal_by_id(process, id, signal))); }
int kill           (pid_t process, int signal)                    { return kill_process(process, signal); }
int sigqueue       (pid_t process, int signal, sigval value)      { return queue_to_process(process, signal, value); }
}
// clang-format on

}  // namespace weft::hooks
