// ring_call.h: transfers of the running fiber by its scheduler's io_uring.
//
// Layer:  runtime. Used by net's sockets.
#pragma once
#include <cstdint>

#include "runtime/transfer.h"

namespace weft::detail {

/// Whether the running code is a fiber whose scheduler has an io_uring.
[[nodiscard]] bool has_ring();

/// Parks the running fiber until the kernel has carried it out, and returns the result: a count, or
/// -errno. -EAGAIN: not by this way, for now. -EINTR: signal handlers have run; again. -ETIMEDOUT:
/// the deadline has passed, and nothing was transferred. `generation`: of the slot when the
/// descriptor was known to be open.
///
/// Errors:   as await_edge (fd_call.h): what calls off the fiber's waits, EBADF, ECANCELED. None
///           where the kernel has a result all the same, bytes or the socket's error, which nobody
///           would see again: what called it off ends the next wait.
long transfer(const runtime::Transfer& wanted, runtime::FdSlot& slot, std::uint32_t generation,
              std::int64_t deadline, const char* call);

}  // namespace weft::detail
