#include "hooks/signal_target.h"

#include "runtime/sys.h"

namespace weft::hooks {

namespace signals = runtime::fiber_signals;
namespace sys = runtime::sys;
using runtime::Fiber;

bool is_fault(const siginfo_t& info) {
  return info.si_code > 0 && (signals::bit_of(info.si_signo) & kSignalsOfInstructions) != 0;
}

bool is_for_this_thread(const siginfo_t& info) {
  switch (info.si_signo) {
    case SIGPROF:
    case SIGVTALRM:
      return info.si_code > 0 || info.si_code == SI_TKILL;
    case SIGPIPE:  // of the call that wrote
      return info.si_pid == sys::call(SYS_getpid) || info.si_code == SI_TKILL;
    default:
      return info.si_code == SI_TKILL || is_fault(info);
  }
}

bool takes(const Fiber& fiber, int signal) {
  return (fiber.signal_mask.load() & signals::bit_of(signal)) == 0;
}

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

Fiber* first_thread_elsewhere(int signal) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  if (scheduler == nullptr || !scheduler->is_of_this_process()) {
    return nullptr;
  }
  Fiber& leader = scheduler->leader();
  const bool has_ended = (leader.end_state.load() & Fiber::kHasEnded) != 0;
  return &leader == runtime::current() || has_ended || !takes(leader, signal) ? nullptr : &leader;
}

Fiber* target_in_process(int signal) {
  Fiber* const self = runtime::current();
  if (Fiber* const leader = first_thread_elsewhere(signal)) {
    return leader;
  }
  if (self == nullptr || takes(*self, signal)) {
    return self;
  }
  return any_taker(*self->scheduler, signal);
}

void send_on(Fiber& fiber, const siginfo_t& info) {
  if (fiber.is_blocking.load()) {
    signals::send_to_kernel_thread(fiber, info);
  } else {
    signals::send(fiber, info);
  }
}

}  // namespace weft::hooks
