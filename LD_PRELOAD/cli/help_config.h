// LD_PRELOAD/cli/help_config.h: `weft run --help-config`: every setting there is.
//
// Layer:  LD_PRELOAD, command.
#pragma once

namespace weft::cli {

/// Prints each with its variable, option, default, limits and meaning. Returns the exit status.
[[nodiscard]] int help_config();

}  // namespace weft::cli
