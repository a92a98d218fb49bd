// file_lock.cc: locks of files, as a table. The rows of fcntl are in fd.cc.
#include "hooks/file_lock.h"

#include <unistd.h>

#include "hooks/real.h"

namespace weft::hooks {

namespace {

template <class Lockf>
int lock_from_here(int fd, int command, off_t length, const Lockf& lockf_of_libc) {
  const auto next = [&, fd, command, length] { return lockf_of_libc(fd, command, length); };
  if (command != F_LOCK) {
    return next();
  }
  const auto attempt_once = [&, fd, length]() -> long {
    const int saved_errno = errno;
    if (lockf_of_libc(fd, F_TLOCK, length) == 0) {
      return 0;
    }
    const int error = errno;
    errno = saved_errno;
    return error == EAGAIN || error == EACCES ? kWouldWait : -error;
  };
  return try_or_wait(kRegionCall, attempt_once, next);
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                  how
int flock  (int fd, int operation)                   { return lock_file(fd, operation, [=] { return real::flock(fd, operation); }); }
int lockf  (int fd, int command, off_t length)       { return lock_from_here(fd, command, length, real::lockf); }
int lockf64(int fd, int command, off64_t length)     { return lock_from_here(fd, command, length, real::lockf64); }
}
// clang-format on

}  // namespace weft::hooks
