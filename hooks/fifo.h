// fifo.h: open(2) of a FIFO waits until somebody opens its other end.
//
// Layer:  hooks.
#pragma once
#include <fcntl.h>

#include "hooks/unannounced.h"

namespace weft::hooks {

/// Whether opening `path` that way may wait. A system call, so it is asked only where somebody else
/// needs the kernel thread.
bool waits_for_other_end(int at, const char* path, int flags);

/// Opens by `next`, which is libc's call.
template <class Next>
auto open_path(int at, const char* path, int flags, Next next) -> decltype(next()) {
  constexpr CallKind kOpen = {.is_cancellation_point = true, .restarts = true};
  if (cooperative(Group::kIo) == nullptr || !waits_for_other_end(at, path, flags)) {
    return next();
  }
  begin(kOpen);
  return wait_in_kernel(kOpen, next);
}

/// The flags of open(2) in a mode of fopen(3), as far as they decide whether it waits.
int open_flags_of(const char* mode);

}  // namespace weft::hooks
