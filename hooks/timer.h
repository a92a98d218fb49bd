// timer.h: timers that tell one thread.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Signals").
#pragma once
#include <signal.h>

#include "runtime/fiber.h"

namespace weft::hooks {

/// Whether a signal comes from a timer that is to tell one fiber (SIGEV_THREAD_ID). Then `owner` is
/// that; null if it has ended. Async-signal-safe.
bool is_of_owned_timer(const siginfo_t& info, runtime::Fiber** owner);

/// A fork's child has no timers.
void forget_timers();

}  // namespace weft::hooks
