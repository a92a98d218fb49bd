// fiber_signals.h: signals that are for one fiber, as pthread_kill sends them.
//
// Layer:  runtime.
//
// The kernel knows kernel threads only, and a fiber that is parked has none. So a signal for a
// fiber is kept here, and the fiber is called (Scheduler::call). It then sends the signal to the
// kernel thread that runs it, whose mask is the fiber's: the program's handler runs at once, on the
// fiber's stack and with its TLS. A signal that the fiber blocks stays here, for sigwait or until
// unblocked.
#pragma once
#include <signal.h>

#include <cstdint>

#include "runtime/fiber.h"

namespace weft::runtime::fiber_signals {

/// Bit of a signal in the kernel's masks.
constexpr std::uint64_t bit_of(int signal) { return std::uint64_t{1} << (signal - 1); }

/// Keeps the signal for the fiber and calls it. What the fiber ignores and does not block is
/// dropped, as is a second one of a number below SIGRTMIN. 0, or EAGAIN when too many are kept.
/// Threads: any; async-signal-safe.
int send(Fiber& fiber, const siginfo_t& info);

/// The same for a fiber that its kernel thread will not leave meanwhile: in a call that blocks that
/// one, or pinned to it. The handler interrupts the call.
int send_to_kernel_thread(Fiber& fiber, const siginfo_t& info);

/// Takes the pending one of `set` with the lowest number. False if there is none.
bool take(Fiber& fiber, std::uint64_t set, siginfo_t* info);

/// Whether one is pending that the fiber does not block, or waits for.
inline bool can_run(const Fiber& fiber) {
  const std::uint64_t pending = fiber.pending_signals.load();
  return pending != 0 && (pending & (~fiber.signal_mask.load(std::memory_order_relaxed) |
                                     fiber.awaited_signals.load(std::memory_order_relaxed))) != 0;
}

/// What ran, for calls that a handler ends.
enum class HandlersRun : std::uint8_t {
  kNone,
  kRestarting,    // of actions with SA_RESTART only
  kInterrupting,  // one without
};

/// Runs the handlers of all that the running fiber does not block.
void raise_pending(Fiber& self);
/// The same, and says what has run since it was last asked, handlers that the kernel called
/// meanwhile included.
HandlersRun run_handlers(Fiber& self);

/// The program's handlers are called by one of the hooks, which says so here, and sends what is for
/// the process to its first thread (Scheduler::leader). Else nobody knows which handler ran when
/// the hub's wait was interrupted.
void handlers_are_announced();
[[nodiscard]] bool has_announced_handlers();
/// A handler has run on the running fiber. Then interrupt() it: it may be about to wait.
void note_handler(Fiber& self, bool restarts);

/// The fiber has ended: nobody is there for what is pending.
void drop_all(Fiber& fiber);

/// In a fork's child, whose running fiber has nothing pending.
void after_fork_in_child();

}  // namespace weft::runtime::fiber_signals
