// LD_PRELOAD/cli/dump.h: `weft dump`: who waits for whom in a live process.
//
// Layer:  LD_PRELOAD, command.
#pragma once

#include <sys/types.h>

namespace weft::cli {

/// Prints the report of a process that runs under weft. Returns the exit status: 1, after a message
/// that says why, if there is no such process, it does not run under weft, or it does not answer.
[[nodiscard]] int dump(pid_t process);

}  // namespace weft::cli
