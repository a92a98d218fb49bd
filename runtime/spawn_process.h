// spawn_process.h: a child that is to execute another program.
//
// Layer:  runtime.      See also: weft/subprocess.h.
#pragma once
#include <sys/types.h>
#include <weft/subprocess.h>

#include <string>
#include <vector>

namespace weft::detail {

struct Spawned {
  pid_t pid;
  int pidfd;
};

/// Starts it with these descriptors as 0, 1 and 2. Throws std::system_error for what failed in the
/// child, which is gone then.
Spawned spawn_process(const std::vector<std::string>& args, const SubprocessOptions& options,
                      const int (&streams)[3]);

}  // namespace weft::detail
