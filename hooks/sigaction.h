// sigaction.h: the program's signal handlers, called by way of weft.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Signals"), on_signal.h.
#pragma once

namespace weft::hooks {

/// From here on handlers are set by way of weft. Those that are there already, too.
void take_over_handlers();

}  // namespace weft::hooks
