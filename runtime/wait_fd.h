// wait_fd.h: parks the running fiber until a descriptor is ready.
//
// Layer:  runtime. Used by the hooks and by weft::wait_readable / wait_writable.
#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/deadline.h"
#include "runtime/fd_slot.h"

namespace weft::runtime {

/// Parks until an edge after `seen` (FdSlot::edges before the caller asked the kernel), and returns
///   0          look again (also when nothing came: a wait may end too early)
///   ETIMEDOUT  the deadline passed
///   EBADF      the descriptor was closed meanwhile
///   EINTR      a signal handler ran, and `interruptible`
///   EPERM      epoll can't wait for it: it is always ready, or can only be waited for by blocking
///   ELOOP, ENOMEM, ENOSPC   as epoll_ctl(2)
[[nodiscard]] int wait_for(int fd, FdSlot& slot, Direction direction, std::uint32_t seen,
                           Deadline deadline, bool interruptible = false);

/// One descriptor and direction of a wait for several.
struct FdInterest {
  int fd = -1;
  Direction direction = Direction::kRead;
  std::uint32_t seen = 0;
  std::uint32_t generation = 0;  // of the slot when the wait began: for the caller's use
  FdSlot* slot = nullptr;
  FdWaiter waiter = {};
  bool entered = false;
};

/// As wait_for, until any of them may be ready; signals end it. Descriptors that epoll can't take
/// for another reason than EPERM and EBADF (then poll says at once what they are) are passed over,
/// and `refused` is set: the caller has to look by itself. When this sets it, it does not wait.
[[nodiscard]] int wait_for_any(FdInterest* interests, std::size_t count, Deadline deadline,
                               bool* refused);

}  // namespace weft::runtime
