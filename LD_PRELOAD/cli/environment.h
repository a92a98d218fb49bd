// LD_PRELOAD/cli/environment.h: the variables through which the preloaded object is told.
//
// Layer:  LD_PRELOAD, command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::cli {

/// What `weft run` was asked for; what is not set keeps the environment's value or weft's default.
struct RunOptions {
  std::optional<unsigned> workers;
  std::optional<unsigned long long> stack_bytes;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> enabled_groups;
  std::vector<std::string> disabled_groups;
  bool follow = false;
  bool monitor = false;
  bool verbose = false;
};

/// The object to preload: beside this command's tree, else where it was to be installed. Empty if
/// there is none.
[[nodiscard]] std::string find_preload();

/// `existing` (the value of LD_PRELOAD) with `preload` ahead, and sanitizer runtimes ahead of that,
/// because they refuse to start anywhere but first.
[[nodiscard]] std::string prepend_preload(const std::string& preload, const std::string& existing);

/// Sets WEFT_* and LD_PRELOAD in this process's environment, which exec hands on.
void set_environment(const RunOptions& options, const std::string& preload);

}  // namespace weft::cli
