// signal.cc: signal masks per fiber, waiting for signals, signals to one thread, as a table.
#include <sys/signalfd.h>

#include <cerrno>
#include <cstring>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/sync/native.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/interruptible.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

constexpr std::size_t kKernelMaskBytes = 8;

// libc keeps these two for itself (cancellation, setuid): no program can block them.
constexpr std::uint64_t kOfLibc = std::uint64_t{3} << 31;
constexpr std::uint64_t kUnblockable = std::uint64_t{1} << (SIGKILL - 1) | std::uint64_t{1}
                                                                               << (SIGSTOP - 1);

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

// Looks without waiting: what was sent to the fiber, then what the kernel has. -EAGAIN: nothing.
long look(runtime::Fiber& self, std::uint64_t bits, siginfo_t* info) {
  siginfo_t own = {};
  if (runtime::fiber_signals::take(self, bits, &own)) {
    if (info != nullptr) {
      *info = own;
    }
    return own.si_signo;
  }
  constexpr timespec kNow = {};
  return sys::call(SYS_rt_sigtimedwait, &bits, info, &kNow, kKernelMaskBytes);
}

// A descriptor that is readable while a signal of the set is pending, for one wait.
class SignalFd {
 public:
  explicit SignalFd(std::uint64_t bits)
      : fd_(sys::call(SYS_signalfd4, -1, &bits, kKernelMaskBytes, SFD_NONBLOCK | SFD_CLOEXEC)) {
    if (!sys::failed(fd_)) {
      adopt(number(), Kind::kPolled);
    }
  }
  ~SignalFd() {
    if (!sys::failed(fd_)) {
      forget(number());
      sys::call(SYS_close, fd_);
    }
  }
  SignalFd(const SignalFd&) = delete;
  SignalFd& operator=(const SignalFd&) = delete;
  /// Or -errno.
  [[nodiscard]] int number() const { return static_cast<int>(fd_); }

 private:
  long fd_;
};

// What the fiber waits for, so that it is called although it blocks it.
class Awaited {
 public:
  Awaited(runtime::Fiber& self, std::uint64_t bits) : self_(self) { self_.awaited_signals = bits; }
  ~Awaited() { self_.awaited_signals = 0; }
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;

 private:
  runtime::Fiber& self_;
};

// Takes one pending signal of the set, or parks until there is one. Returns its number, or -errno.
long take_signal(runtime::Fiber& self, const sigset_t* set, siginfo_t* info, Deadline deadline) {
  const std::uint64_t bits = bits_of(*set);
  test_cancel();
  long taken = look(self, bits, info);
  if (taken != -EAGAIN || deadline.passed()) {
    return taken;
  }
  const SignalFd fd(bits);
  if (fd.number() < 0) {
    return fd.number();
  }
  const Awaited awaited(self, bits);
  runtime::FdSlot& slot = *runtime::fd_slot(fd.number());
  for (;;) {
    const std::uint32_t seen = slot.edges(Direction::kRead);
    taken = look(self, bits, info);
    if (taken != -EAGAIN || deadline.passed()) {
      return taken;
    }
    const int ended = runtime::wait_for(fd.number(), slot, Direction::kRead, seen, deadline, true);
    if (ended == EINTR) {
      taken = look(self, bits, info);
      if (act_on_calls() != HandlersRun::kNone || taken != -EAGAIN) {
        return taken != -EAGAIN ? taken : -EINTR;
      }
    }
  }
}

int wait_signal(const sigset_t* set, int* signal) {
  runtime::Fiber* const self = cooperative(Group::kSignal);
  if (self == nullptr) {
    return real::sigwait(set, signal);
  }
  long taken = 0;
  do {
    taken = take_signal(*self, set, nullptr, Deadline::never());
  } while (taken == -EINTR);  // sigwait(3) knows no EINTR
  if (taken < 0) {
    return static_cast<int>(-taken);
  }
  *signal = static_cast<int>(taken);
  return 0;
}

int wait_signal_info(const sigset_t* set, siginfo_t* info) {
  runtime::Fiber* const self = cooperative(Group::kSignal);
  return self == nullptr
             ? real::sigwaitinfo(set, info)
             : static_cast<int>(to_libc(take_signal(*self, set, info, Deadline::never())));
}

int wait_signal_until(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
  runtime::Fiber* const self = cooperative(Group::kSignal);
  if (self == nullptr) {
    return real::sigtimedwait(set, info, timeout);
  }
  if (timeout != nullptr && (timeout->tv_nsec < 0 || timeout->tv_nsec >= Deadline::kSecond)) {
    return static_cast<int>(to_libc(-EINVAL));
  }
  const Deadline deadline =
      timeout == nullptr ? Deadline::never()
                         : Deadline::after(std::chrono::nanoseconds(runtime::to_ns(*timeout)));
  return static_cast<int>(to_libc(take_signal(*self, set, info, deadline)));
}

int signal_thread(pthread_t thread, int signal) {
  runtime::Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr || !is_on(Group::kSignal)) {
    return real::pthread_kill(thread, signal);
  }
  if (signal == 0) {
    return 0;
  }
  return is_signal(signal) ? send_signal(*fiber, info_of(signal, SI_TKILL)) : EINVAL;
}

int queue_signal(pthread_t thread, int signal, sigval value) {
  runtime::Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr || !is_on(Group::kSignal)) {
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

// The kernel waits, with the mask; what is sent to the fiber goes to its kernel thread meanwhile.
int suspend(const sigset_t* mask) {
  runtime::Fiber* const self = cooperative(Group::kSignal);
  if (self == nullptr) {
    return real::sigsuspend(mask);
  }
  const std::uint64_t before = self->signal_mask.load();
  return sync::block([=] {
    // What is pending here already, and the mask lets through, ends it at once.
    if ((self->pending_signals.load() & ~bits_of(*mask)) != 0) {
      self->signal_mask = bits_of(*mask);
      runtime::running.worker->apply_signal_mask(bits_of(*mask));
      run_handlers();
      set_fiber_mask(before);
      return static_cast<int>(to_libc(-EINTR));
    }
    return real::sigsuspend(mask);
  });
}

int pause_here() {
  runtime::Fiber* const self = cooperative(Group::kSignal);
  if (self == nullptr) {
    return real::pause();
  }
  test_cancel();
  do {
    runtime::Interruptible interruptible(*self, true);
    while (!interruptible.has_ended()) {
      runtime::park();
    }
  } while (act_on_calls() == HandlersRun::kNone);
  return static_cast<int>(to_libc(-EINTR));
}

}  // namespace

namespace {
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
  if (&fiber == runtime::current()) {
    run_handlers();  // raise and its kind return behind the handler
  }
  return error;
}

long signal_by_id(pid_t process, pid_t id, int signal) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  if (id < runtime::kFirstFiberTid || scheduler == nullptr) {
    return process == -1 ? sys::call(SYS_tkill, id, signal)
                         : sys::call(SYS_tgkill, process, id, signal);
  }
  runtime::Fiber* found = nullptr;
  scheduler->for_each_fiber(
      [&](runtime::Fiber& fiber) { found = fiber.tid == id ? &fiber : found; });
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
  std::uint64_t mask = 0;
  sys::call(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, kKernelMaskBytes);
  return mask;
}

void set_fiber_mask(std::uint64_t mask) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, kKernelMaskBytes);
    return;
  }
  self->signal_mask = mask;
  runtime::running.worker->apply_signal_mask(mask);
  runtime::fiber_signals::raise_pending(*self);
}

// clang-format off
extern "C" {
// symbol, signature                                                           how
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old)              { return mask_error(how, set, old); }
int sigprocmask    (int how, const sigset_t* set, sigset_t* old)              { return mask_errno(how, set, old); }
int sigwait        (const sigset_t* set, int* signal)                         { return wait_signal(set, signal); }
int sigwaitinfo    (const sigset_t* set, siginfo_t* info)                     { return wait_signal_info(set, info); }
int sigtimedwait   (const sigset_t* set, siginfo_t* info, const timespec* t)  { return wait_signal_until(set, info, t); }
int sigpending     (sigset_t* set)                                            { return pending_signals(set); }
int sigsuspend     (const sigset_t* mask)                                     { return suspend(mask); }
int __sigsuspend   (const sigset_t* mask)                                     { return suspend(mask); }
int pthread_kill   (pthread_t thread, int signal)                             { return signal_thread(thread, signal); }
int pthread_sigqueue(pthread_t thread, int signal, sigval value)              { return queue_signal(thread, signal, value); }
int raise          (int signal)                                               { return raise_here(signal); }
int gsignal        (int signal)                                               { return raise_here(signal); }
int tgkill         (pid_t process, pid_t id, int signal)                      { return static_cast<int>(to_libc(signal_by_id(process, id, signal))); }
int pause          ()                                                         { return pause_here(); }
}
// clang-format on

}  // namespace weft::hooks
