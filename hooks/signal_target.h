// signal_target.h: whose a signal is.
//
// Layer:  hooks. All of these are async-signal-safe.
#pragma once
#include <signal.h>

#include <cstdint>

#include "runtime/fiber_signals.h"
#include "runtime/scheduler.h"

namespace weft::hooks {

/// What an instruction gives to its own thread: who blocks one of them dies of it.
inline constexpr std::uint64_t kSignalsOfInstructions =
    runtime::fiber_signals::bit_of(SIGSEGV) | runtime::fiber_signals::bit_of(SIGBUS) |
    runtime::fiber_signals::bit_of(SIGFPE) | runtime::fiber_signals::bit_of(SIGILL) |
    runtime::fiber_signals::bit_of(SIGTRAP) | runtime::fiber_signals::bit_of(SIGSYS);

/// Whether an instruction is the cause, not somebody who sends such a number.
bool is_fault(const siginfo_t& info);
/// Whether it is about what runs here: by tgkill, by an instruction, or about the CPU time that is
/// used here.
bool is_for_this_thread(const siginfo_t& info);

/// Whether it does not block it.
bool takes(const runtime::Fiber& fiber, int signal);
/// Who may have a signal for the process, as the kernel has it: the first thread, if it takes it,
/// or any other. Null: nobody.
runtime::Fiber* any_taker(runtime::Scheduler& scheduler, int signal);
/// The first thread, if a signal for the process is to be its, and the running code is another's.
runtime::Fiber* first_thread_elsewhere(int signal);
/// Whom the kernel would choose for a signal that the running code sends to the process: the first
/// thread, the calling one, or any other that takes it. Null: nobody.
runtime::Fiber* target_in_process(int signal);

/// To another fiber. A call that holds its kernel thread is interrupted there by the signal itself:
/// by weft's own it would go on behind the handler, whatever that one's flags say.
void send_on(runtime::Fiber& fiber, const siginfo_t& info);

}  // namespace weft::hooks
