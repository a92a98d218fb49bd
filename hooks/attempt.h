// attempt.h: one try of an operation that never blocks, whatever the descriptor's flags say, and
// changes no flag.
//
// Layer:  hooks. Results as of a system call: a count, or -errno; -EAGAIN means "would block".
#pragma once
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

#include "hooks/fd_table.h"

namespace weft::hooks::attempt {

/// A descriptor whose kind is known; the kind is corrected when the kernel says that it was wrong.
struct Target {
  int fd = -1;
  runtime::FdSlot* slot = nullptr;
  FdInfo info{0};
  int send_flags = 0;  // MSG_NOSIGNAL once EPIPE would be no news
};

long read(Target& target, void* buffer, std::size_t size);
long readv(Target& target, const iovec* parts, int count);
long write(Target& target, const void* buffer, std::size_t size);
long writev(Target& target, const iovec* parts, int count);
long recvfrom(Target& target, void* buffer, std::size_t size, int flags, sockaddr* from,
              socklen_t* from_size);
long recvmsg(Target& target, msghdr* message, int flags);
long sendto(Target& target, const void* buffer, std::size_t size, int flags, const sockaddr* to,
            socklen_t to_size);
long sendmsg(Target& target, const msghdr* message, int flags);
long accept(Target& target, sockaddr* address, socklen_t* size, int flags);

/// Whether poll(2) reports any of `events` (or an error) now.
bool is_ready(int fd, short events);

}  // namespace weft::hooks::attempt
