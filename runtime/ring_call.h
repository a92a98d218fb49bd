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
/// -errno. -EAGAIN: not by this way, for now. -ETIMEDOUT: the deadline has passed, and nothing was
/// transferred.
///
/// Errors:   as await_edge (fd_call.h): what calls off the fiber's waits, EBADF, ECANCELED. None
///           where bytes were transferred all the same: what called it off ends the next wait.
long transfer(const runtime::Transfer& wanted, runtime::FdSlot& slot, std::int64_t deadline,
              const char* call);

}  // namespace weft::detail
