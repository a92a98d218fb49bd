// wait_fd.h: parks the running fiber until a descriptor is ready.
//
// Layer:  runtime. Used by the hooks, and by the API through fd_call.h.
#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/deadline.h"
#include "runtime/fd_slot.h"

namespace weft::runtime {

/// What ends a wait for descriptors, beside an event and the end of a descriptor.
struct FdWaitOptions {
  Deadline deadline = Deadline::never();
  bool interruptible = false;
  bool cancellable = false;
  bool heeds_cancel = false;
  bool is_announced = true;  // false: another than the hub's epoll unparks the fiber
};

/// Parks until an edge after `seen` (FdSlot::edges before the caller asked the kernel), and returns
///   0          look again (also when nothing came: a wait may end too early)
///   ETIMEDOUT  the deadline passed
///   EBADF      the descriptor was closed meanwhile
///   EINTR      a signal handler ran, and `interruptible`
///   ECANCELED  what was thrown into the fiber, or its limit of time, and `cancellable`: call_off.h
///   EIDRM      cancel_wait() of its number, and `heeds_cancel`
///   EPERM      epoll can't wait for it: it is always ready, or can only be waited for by blocking
///   ELOOP, ENOMEM, ENOSPC   as epoll_ctl(2)
[[nodiscard]] int wait_for(int fd, FdSlot& slot, Direction direction, std::uint32_t seen,
                           const FdWaitOptions& options = {});

/// One descriptor and direction of a wait for several.
struct FdInterest {
  int fd = -1;
  Direction direction = Direction::kRead;
  bool entered = false;
  std::uint32_t seen = 0;
  std::uint32_t generation = 0;  // of the slot when the wait began: for the caller's use
  FdSlot* slot = nullptr;
  FdWaiter waiter = {};
};

/// Takes the waiters of the first `count` out of their slots, and says what came to any of them.
struct Heard {
  bool any = false;
  bool closed = false;
  bool cancelled = false;
};
Heard leave_all(FdInterest* interests, std::size_t count);

/// As wait_for, until any of them may be ready. Descriptors that epoll can't take
/// for another reason than EPERM and EBADF (then poll says at once what they are) are passed over,
/// and `refused` is set: the caller has to look by itself. When this sets it, it does not wait.
[[nodiscard]] int wait_for_any(FdInterest* interests, std::size_t count,
                               const FdWaitOptions& options, bool* refused);

/// The same for a kernel thread without fibers. An event ends it, also one that has come already.
/// EMFILE, ENFILE: no descriptor left to be woken by.
[[nodiscard]] int wait_on_thread(FdInterest* interests, std::size_t count, Deadline deadline);

}  // namespace weft::runtime
