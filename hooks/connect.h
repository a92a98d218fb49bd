// connect.h: connect(2), the one blocking call that changes a flag, for the moment of the call.
//
// Layer:  hooks.
#pragma once
#include <sys/socket.h>

namespace weft::hooks {

/// connect(2) for the running fiber. Starts the connection with O_NONBLOCK set, since there is no
/// flag per call, puts the flag back at once, and parks until the outcome is known. SO_SNDTIMEO
/// ends the wait with EINPROGRESS, as in the kernel, and that for a full backlog with EAGAIN.
int connect_to(int fd, const sockaddr* address, socklen_t size);

}  // namespace weft::hooks
