// sigaction.cc: signal handlers, as a table.
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
#include "hooks/sigaction.h"

#include <setjmp.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/signal_stack.h"
#include "hooks/sync/user_word.h"
#include "hooks/timer.h"
#include "hooks/wait.h"
#include "runtime/fiber_signals.h"
#include "runtime/interruptible.h"
#include "runtime/overflow.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace signals = runtime::fiber_signals;
namespace sys = runtime::sys;
using runtime::Fiber;

namespace {

using Handler = void (*)(int, siginfo_t*, void*);

// What the program has set for one signal. The parts may be of two actions while one is being set:
// a handler that expects one argument does not mind three.
struct Action {
  std::atomic<Handler> handler{nullptr};
  std::atomic<std::uint64_t> mask{0};
  std::atomic<int> flags{0};
  std::atomic<bool> is_set{false};  // it is what the kernel has
};
constinit Action actions[_NSIG];

void on_signal(int signal, siginfo_t* info, void* context);

bool is_handler(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}
bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_signal;
}

// What an instruction gives to its own thread: who blocks one of them dies of it.
constexpr std::uint64_t kOfInstructions = signals::bit_of(SIGSEGV) | signals::bit_of(SIGBUS) |
                                          signals::bit_of(SIGFPE) | signals::bit_of(SIGILL) |
                                          signals::bit_of(SIGTRAP) | signals::bit_of(SIGSYS);
constexpr std::uint64_t kWhileDeciding = ~kOfInstructions;

bool is_about_instructions(int signal) { return (signals::bit_of(signal) & kOfInstructions) != 0; }

// By an instruction, not by who sends its number.
bool is_fault(int signal, const siginfo_t& info) {
  return info.si_code > 0 && is_about_instructions(signal);
}

// By tgkill, by an instruction, or about the CPU time that is used here.
bool is_for_this_thread(int signal, const siginfo_t& info) {
  switch (signal) {
    case SIGPROF:
    case SIGVTALRM:
      return info.si_code > 0 || info.si_code == SI_TKILL;
    case SIGPIPE:  // of the call that wrote
      return info.si_pid == sys::call(SYS_getpid) || info.si_code == SI_TKILL;
    default:
      return info.si_code == SI_TKILL || is_fault(signal, info);
  }
}

bool takes(const Fiber& fiber, int signal) {
  return (fiber.signal_mask.load() & signals::bit_of(signal)) == 0;
}

// As the kernel: the first thread, if it can, or any other.
Fiber* any_taker(runtime::Scheduler& scheduler, int signal) {
  if ((scheduler.leader().end_state.load() & Fiber::kHasEnded) == 0 &&
      takes(scheduler.leader(), signal)) {
    return &scheduler.leader();
  }
  Fiber* found = nullptr;
  scheduler.for_each_fiber([&](Fiber& fiber) {
    const bool has_ended = (fiber.end_state.load() & Fiber::kHasEnded) != 0;
    found = found == nullptr && !has_ended && takes(fiber, signal) ? &fiber : found;
  });
  return found;
}

// The first thread, if a signal for the process is to be its, and the running code is another's.
Fiber* owner_elsewhere(int signal) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  if (scheduler == nullptr || !scheduler->is_of_this_process()) {
    return nullptr;
  }
  Fiber& leader = scheduler->leader();
  const bool has_ended = (leader.end_state.load() & Fiber::kHasEnded) != 0;
  return &leader == runtime::current() || has_ended || !takes(leader, signal) ? nullptr : &leader;
}

// While a handler runs, the mask is what the kernel would have made of it; when it returns, it is
// what it was, or what the handler has put into the context. Who leaves it otherwise (pthread_exit,
// longjmp) leaves it with that mask. Off a fiber the one of a wait (sigsuspend, ppoll) is not
// known here: then the handler runs with that of the time before, which blocks no less.
class HandlerMask {
 public:
  HandlerMask(Fiber* self, int signal, const Action& action, const void* context)
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

// In weft's own code the handler might need what that has locked, or leave it by a jump: it runs
// when the fiber leaves it. Not so where the fiber itself sends the signal, or waits in the kernel.
// One that is alone goes straight to the kernel in most hooks, and nothing would call it back from
// there: it waits only where the parking lot looks for it.
bool must_wait(Fiber& self, int signal, const siginfo_t& info, const void* context) {
  int raised = signal;
  const bool raises = info.si_code == SI_TKILL && self.raises.compare_exchange_strong(raised, 0);
  if (raises || self.is_blocking.load() || is_fault(signal, info)) {
    return false;
  }
  return self.scheduler->is_alone() ? self.is_queued || interrupts_switch(context)
                                    : interrupts_weft(context);
}

void run_handler(Fiber* self, int signal, siginfo_t* info, void* context) {
  Action& action = actions[signal];
  const Handler handler = action.handler.load();
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

// To another fiber. A call that holds its kernel thread is interrupted there by the signal
// itself: by weft's own it would go on behind the handler, whatever that one's flags say.
void send_on(Fiber& fiber, const siginfo_t& info) {
  if (fiber.is_blocking.load()) {
    signals::send_to_kernel_thread(fiber, info);
  } else {
    signals::send(fiber, info);
  }
}

// Whether it is for another fiber than this one. Then it is sent on, or dropped: the thread that a
// timer was to tell has ended.
bool belongs_elsewhere(const Fiber* self, const siginfo_t& info) {
  Fiber* owner = nullptr;
  const bool is_of_timer = is_of_owned_timer(info, &owner);
  if (!is_of_timer && !is_for_this_thread(info.si_signo, info)) {
    owner = owner_elsewhere(info.si_signo);
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
  if (!actions[signal].is_set.load()) {
    return false;  // from before the action changed, and too late: see change()
  }
  if (belongs_elsewhere(self, info)) {
    return false;
  }
  runtime::Worker* const worker = runtime::running.worker;
  if (info.si_code == SI_TKILL && came_late(self)) {
    return false;
  }
  if (self == nullptr && worker != nullptr && !is_for_this_thread(signal, info)) {
    if (Fiber* const taker = taker_of_idle(*worker, signal)) {
      signals::send(*taker, info);
    } else {
      give_back(*worker, info, context);
    }
    return false;
  }
  if (self != nullptr && must_wait(*self, signal, info, context)) {
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
  return move_to(own_stack_for_handler(self, actions[signal].flags.load(), context)) ||
         move_to(stack_below_interrupted(context));
}

void on_signal(int signal, siginfo_t* info, void* context) {
  if ((signal == SIGSEGV || signal == SIGBUS) && sync::recover_from_fault(context)) {
    return;
  }
  deciding.fetch_add(1);
  Fiber* const self = runtime::current();
  const bool goes_on_alone = self == nullptr || self->scheduler->is_alone();
  const bool is_postponed =
      goes_on_alone && !is_fault(signal, *info) && runtime::held_locks.postpone(*info, context);
  const int saved_errno = errno;
  const bool is_here = !is_postponed && is_for_here(self, *info, context);
  deciding.fetch_sub(1);
  if (is_here && (self == nullptr || !goes_to_other_stack(*self, signal, info, context))) {
    run_handler(self, signal, info, context);
  }
  errno = saved_errno;
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
  while (deciding.load() != 0) {
    sys::call(SYS_sched_yield);
  }
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

struct sigaction action_of_program(const Action& action) {
  struct sigaction result = {};
  result.sa_sigaction = action.handler.load();
  result.sa_flags = action.flags.load();
  result.sa_mask = set_of(action.mask.load());
  return result;
}

void store(Action& action, const struct sigaction& wanted) {
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
int change(Action& action, int signal, const struct sigaction& wanted, struct sigaction* old) {
  Fiber* const taker = taker_with_helpers(signal);
  if (taker != nullptr) {
    settle(*taker, signal);
  }
  struct sigaction before = {};
  int result = real::sigaction(signal, &wanted, &before);
  while (result == 0 && taker != nullptr) {
    action.is_set = false;
    while (deciding.load() != 0) {
      sys::call(SYS_sched_yield);
    }
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
  Action& action = actions[signal];
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

// libc sets the mask that was saved by a way of its own. Whatever call is left, the fiber is in it
// no more.
void restore_mask(const struct __jmp_buf_tag* buffer) {
  if (Fiber* const self = runtime::current()) {
    self->is_blocking = false;
  }
  if (buffer->__mask_was_saved != 0 && runtime::current() != nullptr && is_on(Group::kSignal)) {
    std::uint64_t mask = 0;
    std::memcpy(&mask, &buffer->__saved_mask, sizeof mask);
    set_fiber_mask(mask);
  }
}

[[noreturn]] void jump(struct __jmp_buf_tag* buffer, int value) {
  restore_mask(buffer);
  real::longjmp(buffer, value);
  __builtin_unreachable();
}

[[noreturn]] void jump_checked(struct __jmp_buf_tag* buffer, int value) {
  restore_mask(buffer);
  real::longjmp_checked(buffer, value);
  __builtin_unreachable();
}

// Whom the kernel would choose: the first thread, the calling one, or any other that does not block
// it. Null: nobody.
Fiber* target_in_process(int signal) {
  Fiber* const self = runtime::current();
  if (Fiber* const leader = owner_elsewhere(signal)) {
    return leader;
  }
  if (self == nullptr || takes(*self, signal)) {
    return self;
  }
  return any_taker(*self->scheduler, signal);
}

bool is_own_process(pid_t process) { return process == sys::call(SYS_getpid); }

int kill_process(pid_t process, int signal) {
  Fiber* const target = is_on(Group::kSignal) && is_signal(signal) && is_own_process(process)
                            ? target_in_process(signal)
                            : nullptr;
  return target == nullptr
             ? real::kill(process, signal)
             : static_cast<int>(to_libc(-send_signal(*target, info_of(signal, SI_USER))));
}

int queue_to_process(pid_t process, int signal, sigval value) {
  Fiber* const target = is_on(Group::kSignal) && is_signal(signal) && is_own_process(process)
                            ? target_in_process(signal)
                            : nullptr;
  if (target == nullptr) {
    return real::sigqueue(process, signal, value);
  }
  siginfo_t info = info_of(signal, SI_QUEUE);
  info.si_value = value;
  return static_cast<int>(to_libc(-send_signal(*target, info)));
}

}  // namespace

void forget_signals_in_flight() { deciding = 0; }

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
int          kill         (pid_t process, int signal)                                   { return kill_process(process, signal); }
int          sigqueue     (pid_t process, int signal, sigval value)                     { return queue_to_process(process, signal, value); }
void         longjmp      (struct __jmp_buf_tag* buffer, int value)                     { jump(buffer, value); }
void         _longjmp     (struct __jmp_buf_tag* buffer, int value)                     { jump(buffer, value); }
void         siglongjmp   (struct __jmp_buf_tag* buffer, int value)                     { jump(buffer, value); }
void         __longjmp_chk(struct __jmp_buf_tag* buffer, int value)                     { jump_checked(buffer, value); }
}
// clang-format on

}  // namespace weft::hooks
