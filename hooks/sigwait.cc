// sigwait.cc: waiting for signals, as a table.
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"
#include "hooks/on_signal.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/signal_target.h"
#include "hooks/timer.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// The kernel has it for the process, and a timer meant to tell another fiber: it goes there, or to
// nobody.
bool is_for_another(const runtime::Fiber& self, const siginfo_t& info) {
  runtime::Fiber* owner = nullptr;
  if (!is_of_owned_timer(info, &owner) || owner == &self) {
    return false;
  }
  if (owner != nullptr) {
    send_on(*owner, info);
  }
  return true;
}

// Looks without waiting: what was sent to the fiber, then what the kernel has. -EAGAIN: nothing.
long look(runtime::Fiber& self, std::uint64_t bits, siginfo_t* info) {
  siginfo_t found = {};
  long taken = -EAGAIN;
  if (runtime::fiber_signals::take(self, bits, &found)) {
    taken = found.si_signo;
  } else {
    constexpr timespec kNow = {};
    do {
      taken = sys::call(SYS_rt_sigtimedwait, &bits, &found, &kNow, sys::kSignalMaskBytes);
    } while (taken > 0 && is_for_another(self, found));
  }
  if (taken > 0 && info != nullptr) {
    *info = found;
  }
  return taken;
}

// As libc's: who waits for a signal sees no difference between tgkill and kill.
int as_by_libc(long taken, siginfo_t* info) {
  if (taken > 0 && info != nullptr && info->si_code == SI_TKILL) {
    info->si_code = SI_USER;
  }
  return static_cast<int>(to_libc(taken));
}

// A descriptor that is readable while a signal of the set is pending, for one wait.
class SignalFd {
 public:
  explicit SignalFd(std::uint64_t bits)
      : fd_(sys::call(SYS_signalfd4, -1, &bits, sys::kSignalMaskBytes,
                      SFD_NONBLOCK | SFD_CLOEXEC)) {
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
    const int ended =
        runtime::wait_for(fd.number(), slot, Direction::kRead, seen,
                          {.deadline = deadline, .interruptible = true, .cancellable = true});
    if (ended == ECANCELED) {
      return -ECANCELED;
    }
    if (ended == EINTR) {
      taken = look(self, bits, info);
      if (act_on_calls() != HandlersRun::kNone || taken != -EAGAIN) {
        return taken != -EAGAIN ? taken : -EINTR;
      }
    }
  }
}

// The running fiber, if it is to wait here: not if it is alone and nothing has been kept for it.
runtime::Fiber* waits_here(const sigset_t* set) {
  runtime::Fiber* const self = runtime::current();
  const bool has_kept = self != nullptr && is_on(Group::kSignal) &&
                        (self->pending_signals.load() & bits_of(*set)) != 0;
  return has_kept ? self : cooperative(Group::kSignal);
}

int wait_signal(const sigset_t* set, int* signal) {
  runtime::Fiber* const self = waits_here(set);
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
  runtime::Fiber* const self = waits_here(set);
  return self == nullptr ? real::sigwaitinfo(set, info)
                         : as_by_libc(take_signal(*self, set, info, Deadline::never()), info);
}

int wait_signal_until(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
  runtime::Fiber* const self = waits_here(set);
  if (self == nullptr) {
    return real::sigtimedwait(set, info, timeout);
  }
  if (timeout != nullptr &&
      (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= Deadline::kSecond)) {
    return static_cast<int>(to_libc(-EINVAL));
  }
  const Deadline deadline =
      timeout == nullptr ? Deadline::never()
                         : Deadline::after(std::chrono::nanoseconds(runtime::to_ns(*timeout)));
  return as_by_libc(take_signal(*self, set, info, deadline), info);
}

// The kernel waits, with the mask; what is sent to the fiber interrupts it there. So it does for
// one that is alone: something may have been kept for it when it was not.
int suspend(const sigset_t* mask) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr || !is_on(Group::kSignal)) {
    return real::sigsuspend(mask);
  }
  test_cancel();
  const std::uint64_t before = fiber_mask();
  const int result = block([=] {
    set_fiber_mask(bits_of(*mask));  // from here on the fiber is called for what it lets through
    // A handler that ran between the look and the kernel's wait would not end that: none does,
    // until the kernel itself lets them through.
    runtime::running.worker->apply_signal_mask(kWhileDeciding);
    if (self->handlers_run.load() != HandlersRun::kNone) {
      return static_cast<int>(to_libc(-EINTR));
    }
    int ended = 0;
    do {
      ended = real::sigsuspend(mask);
    } while (goes_on_behind(errno));
    return ended;
  });
  const int saved_errno = errno;
  set_fiber_mask(before);
  errno = saved_errno;
  return result;
}

int pause_here() {
  runtime::Fiber* const self = cooperative(Group::kSignal);
  if (self == nullptr) {
    return real::pause();
  }
  test_cancel();
  return static_cast<int>(to_libc(-pause_for_handlers(Deadline::never())));
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                           how
int sigwait        (const sigset_t* set, int* signal)                         { return wait_signal(set, signal); }
int sigwaitinfo    (const sigset_t* set, siginfo_t* info)                     { return wait_signal_info(set, info); }
int sigtimedwait   (const sigset_t* set, siginfo_t* info, const timespec* t)  { return wait_signal_until(set, info, t); }
int sigsuspend     (const sigset_t* mask)                                     { return suspend(mask); }
int __sigsuspend   (const sigset_t* mask)                                     { return suspend(mask); }
int pause          ()                                                         { return pause_here(); }
}
// clang-format on

}  // namespace weft::hooks
