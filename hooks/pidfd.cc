// pidfd.cc: signals to processes that a descriptor stands for, as a table.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "hooks/active.h"
#include "hooks/real.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// Of whom it is one, as /proc says; -1: no pidfd, or a process that cannot be seen from here.
pid_t process_of(int pidfd) {
  char path[40];
  char text[512];
  std::snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  const long file = sys::call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (sys::failed(file)) {
    return -1;
  }
  const long bytes = sys::call(SYS_read, file, text, sizeof text - 1);
  sys::call(SYS_close, file);
  text[sys::failed(bytes) ? 0 : bytes] = '\0';
  const char* const line = std::strstr(text, "\nPid:");
  return line == nullptr ? -1 : static_cast<pid_t>(std::strtol(line + 5, nullptr, 10));
}

// The kernel takes a process's folder in /proc, too.
bool is_own_folder(int fd) {
  struct stat of_fd = {};
  struct stat own = {};
  return ::fstat(fd, &of_fd) == 0 && ::stat("/proc/self", &own) == 0 &&
         of_fd.st_dev == own.st_dev && of_fd.st_ino == own.st_ino;
}

int send_by_pidfd(int pidfd, int signal, siginfo_t* info, unsigned flags) {
  const auto self = static_cast<pid_t>(sys::call(SYS_getpid));
  if (is_on(Group::kSignal) && info == nullptr && flags == 0 &&
      (process_of(pidfd) == self || is_own_folder(pidfd))) {
    return ::kill(self, signal);  // so that it has been handled when this returns, as natively
  }
  return real::pidfd_send_signal(pidfd, signal, info, flags);
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                   how
int pidfd_send_signal(int pidfd, int signal, siginfo_t* info, unsigned flags)         { return send_by_pidfd(pidfd, signal, info, flags); }
}
// clang-format on

}  // namespace weft::hooks
