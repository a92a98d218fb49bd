// sigaction.cc: what sets signal handlers, as a table.
//
// The kernel calls `on_signal` for all of them (on_signal.cc).
#include "hooks/sigaction.h"

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "hooks/active.h"
#include "hooks/on_signal.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/signal_target.h"
#include "runtime/fiber_signals.h"
#include "runtime/overflow.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace signals = runtime::fiber_signals;
namespace sys = runtime::sys;
using runtime::Fiber;

namespace {

bool is_handler(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}
bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_signal;
}

// Runs what has come by now, though it is on its way from another kernel thread.
void settle(Fiber& self, int signal) {
  const std::uint64_t bit = signals::bit_of(signal);
  const std::uint64_t mask = sys::set_signal_mask(kWhileDeciding);
  constexpr timespec kNow = {};
  siginfo_t info = {};
  if (sys::call(SYS_rt_sigtimedwait, &bit, &info, &kNow, sys::kSignalMaskBytes) == signal) {
    signals::send(self, info);
  }
  wait_for_deciders();
  sys::set_signal_mask(mask);
  signals::raise_pending(self);
}

// The running fiber, if other kernel threads may just have taken signals for it.
Fiber* taker_with_helpers(int signal) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  Fiber* const self = runtime::current();
  const bool is_leader = scheduler != nullptr && self == &scheduler->leader();
  return is_leader && !scheduler->is_alone() && takes(*self, signal) ? self : nullptr;
}

struct sigaction action_of_program(const ProgramAction& action) {
  struct sigaction result = {};
  result.sa_sigaction = action.handler.load();
  result.sa_flags = action.flags.load();
  result.sa_mask = set_of(action.mask.load());
  return result;
}

void store(ProgramAction& action, const struct sigaction& wanted) {
  action.mask = bits_of(wanted.sa_mask) & ~kUnblockable;
  action.flags = wanted.sa_flags;
  action.handler = wanted.sa_sigaction;
}

// The kernel's action for one of the program's: SA_RESETHAND is not for those that are sent on.
struct sigaction by_way_of_weft(const struct sigaction& wanted) {
  struct sigaction action = wanted;
  if (is_handler(wanted)) {
    action.sa_sigaction = on_signal;
    action.sa_mask = set_of(kWhileDeciding);
    action.sa_flags = (wanted.sa_flags & ~static_cast<int>(SA_RESETHAND)) | SA_SIGINFO;
  }
  return action;
}

// From a handler to no handler. What the first thread was sent before is handled by the old one: as
// natively, where that thread takes such signals itself, none is left when it has stopped a timer
// and sets the default action. Only a kernel thread that lost its CPU between the kernel and
// on_signal may still come with one: that is dropped, for the default action may be to die of it.
int change(ProgramAction& action, int signal, const struct sigaction& wanted,
           struct sigaction* old) {
  Fiber* const taker = taker_with_helpers(signal);
  if (taker != nullptr) {
    settle(*taker, signal);
  }
  struct sigaction before = {};
  int result = real::sigaction(signal, &wanted, &before);
  while (result == 0 && taker != nullptr) {
    action.is_set = false;
    wait_for_deciders();
    if ((taker->pending_signals.load() & signals::bit_of(signal)) == 0) {
      break;
    }
    action.is_set = true;
    real::sigaction(signal, &before, nullptr);
    signals::raise_pending(*taker);
    result = real::sigaction(signal, &wanted, nullptr);
  }
  if (result == 0 && old != nullptr) {
    *old = before;
  }
  action.is_set = result != 0;
  return result;
}

int set_action(int signal, const struct sigaction* wanted, struct sigaction* old) {
  if (signal <= 0 || signal >= _NSIG || !is_on(Group::kSignal)) {
    return real::sigaction(signal, wanted, old);
  }
  ProgramAction& action = program_actions[signal];
  const struct sigaction before = action_of_program(action);
  int result = 0;
  if (wanted == nullptr) {
    result = real::sigaction(signal, nullptr, old);
  } else if (is_handler(*wanted)) {
    const struct sigaction indirect = by_way_of_weft(*wanted);
    const bool was_set = action.is_set.load();
    store(action, *wanted);  // first: the signal may come at once
    action.is_set = true;
    result = real::sigaction(signal, &indirect, old);
    if (result != 0) {
      store(action, before);
      action.is_set = was_set;
    }
  } else if (action.is_set.load()) {
    result = change(action, signal, *wanted, old);
  } else {
    result = real::sigaction(signal, wanted, old);
  }
  if (result == 0 && old != nullptr && is_ours(*old)) {
    *old = before;
  }
  return result;
}

// Signals whose handlers interrupt calls though signal(2) set them: siginterrupt(3).
constinit std::atomic<std::uint64_t> interrupting{0};

sighandler_t set_handler(int signal, sighandler_t handler, int flags) {
  if (handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  struct sigaction action = {};
  struct sigaction old = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigemptyset(&action.sa_mask);
  if ((flags & SA_NODEFER) == 0 && ::sigaddset(&action.sa_mask, signal) != 0) {
    return SIG_ERR;
  }
  return set_action(signal, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

sighandler_t set_bsd_handler(int signal, sighandler_t handler) {
  const bool interrupts =
      signal > 0 && signal < _NSIG && (interrupting.load() & signals::bit_of(signal)) != 0;
  return set_handler(signal, handler, interrupts ? 0 : SA_RESTART);
}

int set_interrupting(int signal, int interrupts) {
  struct sigaction action = {};
  if (set_action(signal, nullptr, &action) != 0) {
    return -1;
  }
  if (interrupts != 0) {
    interrupting.fetch_or(signals::bit_of(signal));
    action.sa_flags &= ~SA_RESTART;
  } else {
    interrupting.fetch_and(~signals::bit_of(signal));
    action.sa_flags |= SA_RESTART;
  }
  return set_action(signal, &action, nullptr);
}

}  // namespace

void take_over_handlers() {
  signals::handlers_are_announced();
  for (int signal = 1; signal < _NSIG; ++signal) {
    if (signal == SIGSEGV && runtime::overflow::has_handler()) {
      continue;  // that of a thread whose own stack is full
    }
    struct sigaction known = {};
    if (real::sigaction(signal, nullptr, &known) == 0 && is_handler(known) && !is_ours(known)) {
      set_action(signal, &known, nullptr);
    }
  }
}

// clang-format off
extern "C" {
// symbol, signature                                                                    how
int          sigaction    (int signal, const struct sigaction* act, struct sigaction* old) { return set_action(signal, act, old); }
int          __sigaction  (int signal, const struct sigaction* act, struct sigaction* old) { return set_action(signal, act, old); }
sighandler_t signal       (int signal, sighandler_t handler)                            { return set_bsd_handler(signal, handler); }
sighandler_t bsd_signal   (int signal, sighandler_t handler)                            { return set_bsd_handler(signal, handler); }
sighandler_t ssignal      (int signal, sighandler_t handler)                            { return set_bsd_handler(signal, handler); }
sighandler_t sysv_signal  (int signal, sighandler_t handler)                            { return set_handler(signal, handler, static_cast<int>(SA_RESETHAND) | SA_NODEFER); }
sighandler_t __sysv_signal(int signal, sighandler_t handler)                            { return set_handler(signal, handler, static_cast<int>(SA_RESETHAND) | SA_NODEFER); }
int          siginterrupt (int signal, int flag)                                        { return set_interrupting(signal, flag); }
}
// clang-format on

}  // namespace weft::hooks
