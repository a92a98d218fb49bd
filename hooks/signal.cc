// signal.cc: signal masks per fiber, signals to one thread, as a table.
#include <signal.h>

#include <cerrno>
#include <cstring>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// libc keeps these two for itself (cancellation, setuid): no program can block them.
constexpr std::uint64_t kOfLibc = std::uint64_t{3} << 31;

// 0 or an errno.
int change_mask(int how, const sigset_t* set, sigset_t* old) {
  const std::uint64_t before = fiber_mask();
  std::uint64_t after = before;
  if (set != nullptr) {
    const std::uint64_t given = bits_of(*set) & ~(kOfLibc | kUnblockable);
    switch (how) {
      case SIG_BLOCK:
        after = before | given;
        break;
      case SIG_UNBLOCK:
        after = before & ~given;
        break;
      case SIG_SETMASK:
        after = given;
        break;
      default:
        return EINVAL;
    }
  }
  if (old != nullptr) {
    *old = set_of(before);
  }
  if (after != before) {
    set_fiber_mask(after);
  }
  return 0;
}

bool has_own_mask() { return is_on(Group::kSignal) && runtime::current() != nullptr; }

int mask_error(int how, const sigset_t* set, sigset_t* old) {
  return has_own_mask() ? change_mask(how, set, old) : real::pthread_sigmask(how, set, old);
}

int mask_errno(int how, const sigset_t* set, sigset_t* old) {
  return has_own_mask() ? static_cast<int>(to_libc(-change_mask(how, set, old)))
                        : real::sigprocmask(how, set, old);
}

int signal_thread(pthread_t thread, int signal) {
  runtime::Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_kill(thread, signal);
  }
  if (signal == 0) {
    return 0;
  }
  return is_signal(signal) ? send_signal(*fiber, info_of(signal, SI_TKILL)) : EINVAL;
}

int queue_signal(pthread_t thread, int signal, sigval value) {
  runtime::Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_sigqueue(thread, signal, value);
  }
  if (signal == 0) {
    return 0;
  }
  if (!is_signal(signal)) {
    return EINVAL;
  }
  siginfo_t info = info_of(signal, SI_QUEUE);
  info.si_value = value;
  return send_signal(*fiber, info);
}

int raise_here(int signal) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr || !is_on(Group::kSignal) || !is_signal(signal)) {
    return real::raise(signal);
  }
  return static_cast<int>(to_libc(-send_signal(*self, info_of(signal, SI_TKILL))));
}

int pending_signals(sigset_t* set) {
  const int result = real::sigpending(set);
  const runtime::Fiber* const self = runtime::current();
  if (result == 0 && self != nullptr && is_on(Group::kSignal)) {
    *set = set_of(bits_of(*set) | (self->pending_signals.load() & self->signal_mask.load()));
  }
  return result;
}

// The fiber has one to itself, or is in a call of libc's that blocks it.
bool has_kernel_thread(const runtime::Fiber& fiber) {
  return fiber.pinned != nullptr || fiber.is_blocking.load();
}

}  // namespace

bool is_signal(int signal) {
  return signal > 0 && signal < _NSIG && (kOfLibc & runtime::fiber_signals::bit_of(signal)) == 0;
}

siginfo_t info_of(int signal, int code) {
  siginfo_t info = {};
  info.si_signo = signal;
  info.si_code = code;
  info.si_pid = static_cast<pid_t>(sys::call(SYS_getpid));
  info.si_uid = static_cast<uid_t>(sys::call(SYS_getuid));
  return info;
}

int send_signal(runtime::Fiber& fiber, const siginfo_t& info) {
  if ((fiber.end_state.load() & runtime::Fiber::kHasEnded) != 0) {
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

long signal_by_id(pid_t process, pid_t id, int signal) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  const bool is_of_leader = scheduler != nullptr && id == sys::call(SYS_getpid);
  if (scheduler == nullptr || (id < runtime::kFirstFiberTid && !is_of_leader)) {
    return process == -1 ? sys::call(SYS_tkill, id, signal)
                         : sys::call(SYS_tgkill, process, id, signal);
  }
  runtime::Fiber* const found = scheduler->fiber_of_tid(id);
  if (found == nullptr || (process != -1 && process != sys::call(SYS_getpid))) {
    return -ESRCH;
  }
  return signal == 0         ? 0
         : is_signal(signal) ? -send_signal(*found, info_of(signal, SI_TKILL))
                             : -EINVAL;
}

std::uint64_t bits_of(const sigset_t& set) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &set, sizeof bits);
  return bits;
}

sigset_t set_of(std::uint64_t bits) {
  sigset_t set = {};
  std::memcpy(&set, &bits, sizeof bits);
  return set;
}

std::uint64_t fiber_mask() {
  if (const runtime::Fiber* const self = runtime::current()) {
    return self->signal_mask;
  }
  return sys::signal_mask();
}

void set_fiber_mask(std::uint64_t mask) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    sys::set_signal_mask(mask);
    return;
  }
  self->signal_mask = mask;
  self->scheduler->accept_signals_but(mask);
  runtime::running.worker->apply_signal_mask(mask);
  runtime::fiber_signals::raise_pending(*self);
}

// clang-format off
extern "C" {
// symbol, signature                                                           how
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old)              { return mask_error(how, set, old); }
int sigprocmask    (int how, const sigset_t* set, sigset_t* old)              { return mask_errno(how, set, old); }
int sigpending     (sigset_t* set)                                            { return pending_signals(set); }
int pthread_kill   (pthread_t thread, int signal)                             { return signal_thread(thread, signal); }
int pthread_sigqueue(pthread_t thread, int signal, sigval value)              { return queue_signal(thread, signal, value); }
int raise          (int signal)                                               { return raise_here(signal); }
int gsignal        (int signal)                                               { return raise_here(signal); }
int tgkill         (pid_t process, pid_t id, int signal)                      { return static_cast<int>(to_libc(signal_by_id(process, id, signal))); }
}
// clang-format on

}  // namespace weft::hooks
