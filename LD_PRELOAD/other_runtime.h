// other_runtime.h: programs whose language brings a scheduler of its own.
//
// Layer:  LD_PRELOAD.
#pragma once

namespace weft::preload {

/// Whose runtime the program is of, if it is one whose threads can't be fibers; else null. Their
/// threads stop each other by signals, switch stacks by themselves, or make system calls and TLS
/// without libc. A loaded library is not looked at.
const char* other_runtime();

}  // namespace weft::preload
