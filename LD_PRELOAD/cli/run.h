// LD_PRELOAD/cli/run.h: `weft run`: check the program, set the environment, become the program.
//
// Layer:  LD_PRELOAD, command.
#pragma once

#include <string>
#include <vector>

#include "LD_PRELOAD/cli/environment.h"

namespace weft::cli {

/// Executes `program` (name and arguments, not empty) with weft preloaded.
///
/// Returns only if that fails, after a message that says why and what to do: the exit status that a
/// shell would give, 127 if there is no such program and 126 if it cannot be run (under weft).
[[nodiscard]] int run(const RunOptions& options, const std::vector<std::string>& program);

}  // namespace weft::cli
