// on_signal.h: what the kernel calls for the program's signal handlers.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Signals"), runtime/fiber_signals.h.
#pragma once
#include <signal.h>

#include <atomic>
#include <cstdint>

#include "hooks/signal_target.h"

namespace weft::hooks {

/// What the program has set for one signal. The parts may be of two actions while one is being set:
/// a handler that expects one argument does not mind three.
struct ProgramAction {
  using Handler = void (*)(int signal, siginfo_t* info, void* context);
  std::atomic<Handler> handler{nullptr};
  std::atomic<std::uint64_t> mask{0};
  std::atomic<int> flags{0};
  std::atomic<bool> is_set{false};  // it is what the kernel has
};
inline constinit ProgramAction program_actions[_NSIG];

/// The kernel's handler for all that the program has set. The kernel blocks kWhileDeciding in it.
void on_signal(int signal, siginfo_t* info, void* context);
inline constexpr std::uint64_t kWhileDeciding = ~kSignalsOfInstructions;

/// Returns when all signals that the kernel has given to on_signal by now have been run, dropped or
/// kept for whom they are for.
void wait_for_deciders();

/// In a fork's child: no other thread is in the middle of one.
void forget_signals_in_flight();

}  // namespace weft::hooks
