// signal.cc: signal masks per fiber, waiting for signals, signals to one thread, as a table.
#include <sys/signalfd.h>

#include <cerrno>
#include <cstring>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
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

// Takes one pending signal of the set, or parks on a signalfd until there is one. Returns its
// number, or -errno.
long take_signal(const sigset_t* set, siginfo_t* info, Deadline deadline) {
  const std::uint64_t bits = bits_of(*set);
  constexpr timespec kNow = {};
  const auto take = [&] {
    return sys::call(SYS_rt_sigtimedwait, &bits, info, &kNow, kKernelMaskBytes);
  };
  long taken = take();
  if (taken != -EAGAIN || deadline.passed()) {
    return taken;
  }
  const long fd = sys::call(SYS_signalfd4, -1, &bits, kKernelMaskBytes, SFD_NONBLOCK | SFD_CLOEXEC);
  if (sys::failed(fd)) {
    return fd;
  }
  adopt(static_cast<int>(fd), Kind::kPolled);
  runtime::FdSlot& slot = *runtime::fd_slot(static_cast<int>(fd));
  for (;;) {
    const std::uint32_t seen = slot.edges(Direction::kRead);
    taken = take();
    if (taken != -EAGAIN || deadline.passed()) {
      break;
    }
    const int ended =
        runtime::wait_for(static_cast<int>(fd), slot, Direction::kRead, seen, deadline, true);
    if (ended == EINTR) {
      taken = -EINTR;
      break;
    }
  }
  forget(static_cast<int>(fd));
  sys::call(SYS_close, fd);
  return taken;
}

int wait_signal(const sigset_t* set, int* signal) {
  if (cooperative(Group::kSignal) == nullptr) {
    return real::sigwait(set, signal);
  }
  long taken = 0;
  do {
    taken = take_signal(set, nullptr, Deadline::never());
  } while (taken == -EINTR);  // sigwait(3) knows no EINTR
  if (taken < 0) {
    return static_cast<int>(-taken);
  }
  *signal = static_cast<int>(taken);
  return 0;
}

int wait_signal_info(const sigset_t* set, siginfo_t* info) {
  return cooperative(Group::kSignal) == nullptr
             ? real::sigwaitinfo(set, info)
             : static_cast<int>(to_libc(take_signal(set, info, Deadline::never())));
}

int wait_signal_until(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
  if (cooperative(Group::kSignal) == nullptr) {
    return real::sigtimedwait(set, info, timeout);
  }
  if (timeout != nullptr && (timeout->tv_nsec < 0 || timeout->tv_nsec >= Deadline::kSecond)) {
    return static_cast<int>(to_libc(-EINVAL));
  }
  const Deadline deadline =
      timeout == nullptr ? Deadline::never()
                         : Deadline::after(std::chrono::nanoseconds(runtime::to_ns(*timeout)));
  return static_cast<int>(to_libc(take_signal(set, info, deadline)));
}

// A fiber has no kernel thread of its own. The signal goes to the kernel thread that runs it; a
// handler runs there.
int signal_thread(pthread_t thread, int signal) {
  const runtime::Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_kill(thread, signal);
  }
  if (signal < 0 || signal >= _NSIG) {
    return EINVAL;
  }
  if (signal == 0 || (fiber->end_state.load() & runtime::Fiber::kHasEnded) != 0) {
    return 0;
  }
  const bool runs = fiber->state.load() == runtime::FiberState::kRunning;
  const runtime::Worker* const worker =
      runs ? fiber->worker : fiber->scheduler->queue(0).holder.load();
  return static_cast<int>(
      -sys::call(SYS_tgkill, sys::call(SYS_getpid), worker->kernel_tid, signal));
}

int pause_here() {
  runtime::Fiber* const self = cooperative(Group::kSignal);
  if (self == nullptr) {
    return real::pause();
  }
  test_cancel();
  {
    runtime::Interruptible interruptible(*self, true);
    while (!interruptible.has_ended()) {
      runtime::park();
    }
  }
  test_cancel();
  return static_cast<int>(to_libc(-EINTR));
}

}  // namespace

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
}

// clang-format off
extern "C" {
// symbol, signature                                                           how
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old)              { return mask_error(how, set, old); }
int sigprocmask    (int how, const sigset_t* set, sigset_t* old)              { return mask_errno(how, set, old); }
int sigwait        (const sigset_t* set, int* signal)                         { return wait_signal(set, signal); }
int sigwaitinfo    (const sigset_t* set, siginfo_t* info)                     { return wait_signal_info(set, info); }
int sigtimedwait   (const sigset_t* set, siginfo_t* info, const timespec* t)  { return wait_signal_until(set, info, t); }
int pthread_kill   (pthread_t thread, int signal)                             { return signal_thread(thread, signal); }
int pause          ()                                                         { return pause_here(); }
}
// clang-format on

}  // namespace weft::hooks
