// overflow.h: a fiber that runs out of stack ends with a message, not with a bare SIGSEGV.
//
// Layer:  runtime.
#pragma once

namespace weft::runtime::overflow {

/// If the program has no handler of its own for SIGSEGV, installs one that names the fiber whose
/// guard page was hit, its stack size and the remedy, and then lets the signal kill as it would
/// have. A handler that the program installs later replaces it.
void watch();
/// Whether that one is in place.
bool has_handler();

/// Asked first by that handler, with its context: true if the fault was expected, and the code that
/// it came from has been sent elsewhere.
void set_recovery(bool (*recovers)(void* context));

}  // namespace weft::runtime::overflow
