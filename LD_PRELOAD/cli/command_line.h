// LD_PRELOAD/cli/command_line.h: where weft's own options end and the program begins.
//
// Layer:  LD_PRELOAD, command.
#pragma once

#include <string>
#include <vector>

namespace weft::cli {

/// The arguments of `weft run`, cut in two.
struct CommandLine {
  std::vector<std::string> options;  ///< for us, with their values
  std::vector<std::string> program;  ///< PROGRAM ARGS..., untouched
};

/// Cuts before the first argument that is neither an option nor the value of one, or at `--`.
///
/// What follows PROGRAM belongs to it, even if it looks like one of our options or is `--`.
/// `options_with_value` are those that take the next argument unless they are written
/// `--name=value`.
[[nodiscard]] CommandLine cut(const std::vector<std::string>& arguments,
                              const std::vector<std::string>& options_with_value);

/// Bytes of a size such as 65536, 64K, 8M or 1G; 0 if it is none.
[[nodiscard]] unsigned long long parse_size(const std::string& text);

}  // namespace weft::cli
