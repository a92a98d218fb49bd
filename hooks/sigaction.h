// sigaction.h: the program's signal handlers, called by way of weft.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Signals"), runtime/fiber_signals.h.
#pragma once

namespace weft::hooks {

/// From here on handlers are set by way of weft. Those that are there already, too.
void take_over_handlers();

/// In a fork's child: no other thread is in the middle of one.
void forget_signals_in_flight();

}  // namespace weft::hooks
