// on_signal.cc: how the program's signal handlers are called.
//
// The kernel gives a signal for the process to any kernel thread that does not block it; a thread
// of the program would not be any thread: the kernel prefers the main one. So the kernel calls
// `on_signal`, and that sends what is for the process on to its first thread, unless that one runs
// here, or blocks it. It then calls the program's handler, as which fiber it may be.
//
// While it decides, and from the handler's end to its own, all other signals are blocked, weft's
// call signal (cancel.cc) among them: they come when it has returned, and so find the code that it
// has interrupted itself. If that is weft's own, with a lock of weft's, a signal that came sooner
// would find `on_signal`, or a function of libc's, and think that nothing is locked.
#include "hooks/on_signal.h"

#include <cerrno>
#include <cstdint>
#include <optional>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/signal_stack.h"
#include "hooks/sync/user_word.h"
#include "hooks/timer.h"
#include "runtime/fiber_signals.h"
#include "runtime/held_locks.h"
#include "runtime/interruptible.h"
#include "runtime/scheduler.h"
#include "runtime/spin_lock.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace signals = runtime::fiber_signals;
namespace sys = runtime::sys;
using runtime::Fiber;

namespace {

// While a handler runs, the mask is what the kernel would have made of it; when it returns, it is
// what it was, or what the handler has put into the context. Who leaves it otherwise (pthread_exit,
// longjmp) leaves it with that mask. Off a fiber the one of a wait (sigsuspend, ppoll) is not
// known here: then the handler runs with that of the time before, which blocks no less.
class HandlerMask {
 public:
  HandlerMask(Fiber* self, int signal, const ProgramAction& action, const void* context)
      : self_(self), context_(static_cast<const ucontext_t*>(context)) {
    const bool defers = (action.flags.load() & SA_NODEFER) == 0;
    const std::uint64_t before =
        self_ == nullptr ? bits_of(context_->uc_sigmask) : self_->signal_mask.load();
    const std::uint64_t mask = before | action.mask.load() | (defers ? signals::bit_of(signal) : 0);
    note(mask);
    sys::set_signal_mask(mask);
  }
  // Not a destructor: an unwinding does not return.
  void handler_returned() {
    sys::set_signal_mask(kWhileDeciding);
    note(bits_of(context_->uc_sigmask));  // the return from the signal sets it
  }

 private:
  void note(std::uint64_t mask) {
    if (self_ != nullptr) {
      self_->signal_mask = mask;
      self_->scheduler->accept_signals_but(mask);
      runtime::running.worker->kernel_mask = mask;
    }
  }
  Fiber* self_;
  const ucontext_t* context_;
};

// The fiber whom the kernel thread was sent a signal for has left it: it will act by itself.
bool came_late(const Fiber* self) {
  runtime::Worker* const worker = runtime::running.worker;
  Fiber* const meant = worker == nullptr ? nullptr : worker->signalled.exchange(nullptr);
  if (meant == nullptr || meant == self) {
    return false;
  }
  meant->scheduler->call(*meant);
  return true;
}

// The fiber sends it to itself: nobody else is meant.
bool raises(const Fiber* self, const siginfo_t& info) {
  return self != nullptr && info.si_code == SI_TKILL && self->raises.load() == info.si_signo;
}

// In weft's own code the handler might need what that has locked, or leave it by a jump: it runs
// when the fiber leaves it. Not so where the fiber itself sends the signal, or waits in the kernel.
// One that is alone goes straight to the kernel in most hooks, and nothing would call it back from
// there: it waits only where the parking lot looks for it.
bool must_wait(Fiber& self, const siginfo_t& info, const void* context) {
  if (raises(&self, info)) {
    self.raises = 0;
    return false;
  }
  if (self.is_blocking.load() || is_fault(info)) {
    return false;
  }
  return self.scheduler->is_alone() ? self.is_queued || interrupts_switch(context)
                                    : interrupts_weft(context);
}

void run_handler(Fiber* self, int signal, siginfo_t* info, void* context) {
  ProgramAction& action = program_actions[signal];
  const ProgramAction::Handler handler = action.handler.load();
  const int flags = action.flags.load();
  if ((flags & SA_RESETHAND) != 0) {
    const struct sigaction none = {};
    action.is_set = real::sigaction(signal, &none, nullptr) != 0;
  }
  ShownSignalStack stack(self, context);
  HandlerMask mask(self, signal, action, context);
  if (handler != nullptr) {
    handler(signal, info, context);
  }
  mask.handler_returned();
  stack.handler_returned();
  if (self != nullptr) {  // last: calls in the handler have begun anew
    signals::note_handler(*self, (flags & SA_RESTART) != 0);
    runtime::interrupt(*self);
  }
}

// Whether it is for another fiber than this one. Then it is sent on, or dropped: the thread that a
// timer was to tell has ended.
bool belongs_elsewhere(const Fiber* self, const siginfo_t& info) {
  Fiber* owner = nullptr;
  const bool is_of_timer = is_of_owned_timer(info, &owner);
  if (!is_of_timer && !is_for_this_thread(info)) {
    owner = first_thread_elsewhere(info.si_signo);
  }
  if (owner != nullptr && owner != self) {
    send_on(*owner, info);
    return true;
  }
  return is_of_timer && owner == nullptr;
}

// Whether it is one that weft has kept for the fiber, and sent to its kernel thread.
bool is_kept(const Fiber& self, const siginfo_t& info) {
  return info.si_code == SI_TKILL && info.si_pid == sys::call(SYS_getpid) &&
         (self.pending_signals.load() & signals::bit_of(info.si_signo)) != 0;
}

// How many of on_signal have not yet said whose signal theirs is.
constinit std::atomic<int> deciding{0};

// For a signal that has come to an idle worker: some fiber that takes it. Null: nobody does, and no
// idle worker lets it through until somebody may. Who unblocks it stores its mask first, and then
// looks at what is let through; here it is the other way round.
Fiber* taker_of_idle(runtime::Worker& worker, int signal) {
  runtime::Scheduler& scheduler = *worker.scheduler;
  const std::uint64_t bit = signals::bit_of(signal);
  scheduler.refuse_signals(bit);
  Fiber* const taker = any_taker(scheduler, signal);
  if (taker != nullptr) {
    scheduler.accept_signals_but(~bit);
  }
  return taker;
}

// It stays pending for the process. Who sent it is lost where the kernel lets nobody claim to be
// it.
void give_back(runtime::Worker& worker, const siginfo_t& info, void* context) {
  const int signal = info.si_signo;
  const long process = sys::call(SYS_getpid);
  sigset_t& mask = static_cast<ucontext_t*>(context)->uc_sigmask;
  worker.kernel_mask = bits_of(mask) | signals::bit_of(signal);
  mask = set_of(worker.kernel_mask);
  if (sys::failed(sys::call(SYS_rt_sigqueueinfo, process, signal, &info))) {
    sys::call(SYS_kill, process, signal);
  }
}

// Whether the handler is to run here and now. If not, the signal is kept for whom it is for.
bool is_for_here(Fiber* self, siginfo_t& info, void* context) {
  const int signal = info.si_signo;
  if (!program_actions[signal].is_set.load()) {
    return false;  // from before the action changed, and too late: see change()
  }
  if (belongs_elsewhere(self, info)) {
    return false;
  }
  runtime::Worker* const worker = runtime::running.worker;
  if (info.si_code == SI_TKILL && !raises(self, info) && came_late(self)) {
    return false;
  }
  if (self == nullptr && worker != nullptr && !is_for_this_thread(info)) {
    if (Fiber* const taker = taker_of_idle(*worker, signal)) {
      signals::send(*taker, info);
    } else {
      give_back(*worker, info, context);
    }
    return false;
  }
  if (self != nullptr && must_wait(*self, info, context)) {
    if (is_kept(*self, info)) {
      self->scheduler->call(*self);
    } else {
      signals::send(*self, info);
    }
    return false;
  }
  if (self != nullptr && info.si_code == SI_TKILL) {
    signals::take(*self, signals::bit_of(signal), &info);
  }
  return true;
}

// On a stack that the frame was moved to.
void on_moved_signal(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  run_handler(runtime::current(), signal, info, context);
  errno = saved_errno;
}

// The kernel knows no stack for signals but the kernel thread's, which is for one handler at a
// time. Where it has put the frame there, the frame is moved to where it belongs.
bool goes_to_other_stack(const Fiber& self, int signal, siginfo_t* info, void* context) {
  const auto move_to = [&](const std::optional<runtime::arch::StackRange>& stack) {
    return stack.has_value() && runtime::arch::move_signal_frame(
                                    *stack, signal, info, context,
                                    kWhileDeciding | signals::bit_of(signal), on_moved_signal);
  };
  return move_to(own_stack_for_handler(self, program_actions[signal].flags.load(), context)) ||
         move_to(stack_below_interrupted(context));
}

}  // namespace

void on_signal(int signal, siginfo_t* info, void* context) {
  if ((signal == SIGSEGV || signal == SIGBUS) && sync::recover_from_fault(context)) {
    return;
  }
  deciding.fetch_add(1);
  Fiber* const self = runtime::current();
  const bool goes_on_alone = self == nullptr || self->scheduler->is_alone();
  const bool is_postponed =
      goes_on_alone && !is_fault(*info) && runtime::held_locks.postpone(*info, context);
  const int saved_errno = errno;
  const bool is_here = !is_postponed && is_for_here(self, *info, context);
  deciding.fetch_sub(1);
  if (is_here && (self == nullptr || !goes_to_other_stack(*self, signal, info, context))) {
    run_handler(self, signal, info, context);
  }
  errno = saved_errno;
}

void wait_for_deciders() {
  runtime::yield_cpu_until([] { return deciding.load() == 0; });
}

void forget_signals_in_flight() { deciding = 0; }

}  // namespace weft::hooks
