// LD_PRELOAD/cli/elf_check.h: can the dynamic loader put weft into this program?
//
// Layer:  LD_PRELOAD, command.
#pragma once

#include <optional>
#include <string>

namespace weft::cli {

/// Why a program cannot run under weft, and what its user can do about it.
struct Refusal {
  std::string why;
  std::string what_to_do;
};

/// Looks for what makes ld.so ignore LD_PRELOAD, or for a libc that is not glibc.
///
/// A script is judged by its interpreter. `path` must be executable.
/// Source:   elf(5), ld.so(8) "Secure-execution mode", execve(2) "Interpreter scripts".
[[nodiscard]] std::optional<Refusal> refuse(const std::string& path);

}  // namespace weft::cli
