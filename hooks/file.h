// file.h: group `file`: what is done to regular files holds no worker, however slow the disk is.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Regular files").
#pragma once
#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"

namespace weft::hooks {

/// Calls libc's own. The other fibers go on without this kernel thread if the group is on. Not for
/// cancellation points.
template <class Next>
auto on_disk(Next next) {
  return cooperative(Group::kFile) != nullptr ? block(next) : next();
}

/// The same where `fd` is a regular file, a directory or a disk; else just libc's.
template <class Next>
auto on_disk(int fd, Next next) {
  return is_on(Group::kFile) && is_plain(fd) ? on_disk(next) : next();
}

/// For cancellation points.
template <class Next>
auto io_on_disk(Next next) {
  if (is_on(Group::kFile)) {
    test_cancel();
  }
  return on_disk(next);
}
template <class Next>
auto io_on_disk(int fd, Next next) {
  return is_on(Group::kFile) && is_plain(fd) ? io_on_disk(next) : next();
}

}  // namespace weft::hooks
