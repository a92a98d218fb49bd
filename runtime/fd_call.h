// fd_call.h: how calls of the API try, and wait for a descriptor; on fibers and off them.
//
// Layer:  runtime. Used by weft::wait_fd and by net's sockets.
#pragma once
#include <cstdint>

#include "runtime/fd_slot.h"

namespace weft::detail {

/// Waits for an edge after `seen` (FdSlot::edges, before the caller asked the kernel). False: the
/// deadline has passed. True: look again, perhaps for nothing.
///
/// Errors:   std::system_error: EBADF when the number was closed, ECANCELED after cancel_wait(),
///           and what epoll_ctl(2) or eventfd(2) say. What calls off the fiber's waits.
bool await_edge(int fd, runtime::FdSlot& slot, runtime::Direction direction, std::uint32_t seen,
                std::int64_t deadline, const char* call);

/// Begins a call that may not have to wait: now and then the other ready fibers go first.
void take_turn();

/// A number that the API got from the kernel begins its life: what was known of it is over. Null
/// when memory is short.
runtime::FdSlot* adopt_fd(int fd);

/// It ends it: who waits fails with EBADF. `may_live_on`: the description has other numbers.
void forget_fd(int fd, bool may_live_on);

/// Throws for the errno with which a wait has ended. Runs the handlers for EINTR, and returns for
/// that and for 0 only.
void check_wait(int error, const char* call);

}  // namespace weft::detail
