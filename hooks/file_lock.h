// file_lock.h: locks of files and of regions of them.
//
// Layer:  hooks.
#pragma once
#include <fcntl.h>
#include <sys/file.h>

#include "hooks/unannounced.h"
#include "runtime/sys.h"

namespace weft::hooks {

/// flock(2); `next` is libc's own.
template <class Next>
auto lock_file(int fd, int operation, Next next) -> decltype(next()) {
  if ((operation & (LOCK_UN | LOCK_NB)) != 0) {
    return next();
  }
  constexpr CallKind kKind = {.is_cancellation_point = false, .restarts = true};
  return try_or_wait(
      kKind,
      [=] { return waits_if(EWOULDBLOCK, runtime::sys::call(SYS_flock, fd, operation | LOCK_NB)); },
      next);
}

/// Whether a command of fcntl waits for a lock.
inline bool waits_for_lock(int command) { return command == F_SETLKW || command == F_OFD_SETLKW; }

inline constexpr CallKind kRegionCall = {.is_cancellation_point = true, .restarts = true};

/// fcntl(2) with such a command. That two processes wait for each other is for the kernel to say.
template <class Next>
auto lock_region(CallKind kind, int fd, int command, void* region, Next next) -> decltype(next()) {
  const int without_wait = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
  return try_or_wait(
      kind,
      [=] { return waits_if(EAGAIN, runtime::sys::call(SYS_fcntl, fd, without_wait, region)); },
      next);
}

}  // namespace weft::hooks
