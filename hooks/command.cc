// command.cc: programs that libc starts, as a table. libc's own fork and wait are inside, so that
// it is libc that knows what becomes of signals meanwhile.
#include <spawn.h>
#include <stdlib.h>
#include <wordexp.h>

#include <cerrno>
#include <cstring>

#include "hooks/fork.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/unannounced.h"

namespace weft::hooks {

namespace {

// libc blocks SIGCHLD in the kernel meanwhile. A handler that runs there is thought to have
// interrupted a fiber with that mask.
class KeptMask {
 public:
  KeptMask() : mask_(fiber_mask()) {}
  ~KeptMask() {
    if (is_on(Group::kSignal)) {
      const int saved_errno = errno;
      set_fiber_mask(mask_);
      errno = saved_errno;
    }
  }
  KeptMask(const KeptMask&) = delete;
  KeptMask& operator=(const KeptMask&) = delete;

 private:
  std::uint64_t mask_;
};

int run_by_shell(const char* line) {
  if (runtime::current() == nullptr) {
    return real::system(line);
  }
  test_cancel();
  const KeptMask kept;
  const auto next = [=] { return real::system(line); };
  return cooperative(Group::kProcess) != nullptr ? block(next) : next();
}

int expand(const char* words, wordexp_t* result, int flags) {
  const auto next = [=] { return real::wordexp(words, result, flags); };
  const bool may_run_commands = (flags & WRDE_NOCMD) == 0 && (std::strchr(words, '`') != nullptr ||
                                                              std::strstr(words, "$(") != nullptr);
  return may_run_commands && cooperative(Group::kProcess) != nullptr ? block(next) : next();
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                              how
int system (const char* line)                                    { return run_by_shell(line); }
int wordexp(const char* words, wordexp_t* result, int flags)     { return expand(words, result, flags); }
int posix_spawn (pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes, char* const* argv, char* const* envp) { return made_child(real::posix_spawn(pid, path, actions, attributes, argv, envp)); }
int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes, char* const* argv, char* const* envp) { return made_child(real::posix_spawnp(pid, file, actions, attributes, argv, envp)); }
}
// clang-format on

}  // namespace weft::hooks
