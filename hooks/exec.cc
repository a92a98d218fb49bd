// exec.cc: programs that take the place of the running one, as a table.
#include <stdarg.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hooks/handed_on.h"
#include "hooks/real.h"
#include "hooks/room.h"

namespace weft::hooks {

namespace {

// How many arguments there are up to the null, which is counted, too.
std::size_t count_list(const char* first, va_list list) {
  va_list look;
  va_copy(look, list);
  std::size_t count = 1;
  for (const char* one = first; one != nullptr; one = va_arg(look, const char*)) {
    ++count;
  }
  va_end(look);
  return count;
}

// The environment is that of the process, or for execle what follows the list.
template <class Next>
int execute_list(const Next& next, const char* path, const char* first, va_list list,
                 bool environment_follows) {
  const std::size_t count = count_list(first, list);
  Room room;
  auto** const argv = static_cast<char**>(room.take(count * sizeof(char*)));
  if (argv == nullptr) {
    errno = ENOMEM;
    return -1;
  }
  argv[0] = const_cast<char*>(first);  // const in one of libc's signatures, and not in the other
  std::generate(argv + 1, argv + count, [&] { return va_arg(list, char*); });
  char* const* const envp = environment_follows ? va_arg(list, char* const*) : ::environ;
  return handing_on(envp, [&](auto* e) { return next(path, argv, e); });
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                         environment             next definition, arguments
int execve  (const char* path, char* const* argv, char* const* envp)                        { return handing_on(envp,      [=](auto* e) { return real::execve  (path, argv, e); }); }
int execv   (const char* path, char* const* argv)                                           { return handing_on(::environ, [=](auto* e) { return real::execve  (path, argv, e); }); }
int execvpe (const char* file, char* const* argv, char* const* envp)                        { return handing_on(envp,      [=](auto* e) { return real::execvpe (file, argv, e); }); }
int execvp  (const char* file, char* const* argv)                                           { return handing_on(::environ, [=](auto* e) { return real::execvpe (file, argv, e); }); }
int execveat(int folder, const char* path, char* const* argv, char* const* envp, int flags) { return handing_on(envp,      [=](auto* e) { return real::execveat(folder, path, argv, e, flags); }); }
// Null is refused by libc, and not as the kernel would have it an empty environment.
int fexecve (int fd, char* const* argv, char* const* envp) {
  const auto next = [=](auto* e) { return real::fexecve(fd, argv, e); };
  return envp == nullptr ? next(envp) : handing_on(envp, next);
}

#define WEFT_EXECUTE_LIST(next, environment_follows)                                   \
  va_list list;                                                                        \
  va_start(list, first);                                                               \
  const int result = execute_list(next, path, first, list, environment_follows);       \
  va_end(list);                                                                        \
  return result;
int execl   (const char* path, const char* first, ...) { WEFT_EXECUTE_LIST(real::execve,  false) }
int execlp  (const char* path, const char* first, ...) { WEFT_EXECUTE_LIST(real::execvpe, false) }
int execle  (const char* path, const char* first, ...) { WEFT_EXECUTE_LIST(real::execve,  true) }
}
// clang-format on

}  // namespace weft::hooks
