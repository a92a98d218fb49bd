#include "hooks/attempt.h"

#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "hooks/block.h"
#include "runtime/sys.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

namespace weft::hooks::attempt {

namespace sys = runtime::sys;

namespace {

constexpr long kAtPosition = -1;  // preadv2, pwritev2: the file's own position, as read and write

// The kernel disagrees with what we believed of the number: look once more. Returns whether that
// changed anything.
bool corrected(Target& target, long result) {
  const Kind before = target.info.kind();
  if (result == -ENOTSOCK && target.info.is_socket()) {
    target.info = look_again(target.fd, *target.slot);
  } else if ((result == -EOPNOTSUPP || result == -EINVAL || result == -ESPIPE) &&
             (before == Kind::kPipe || before == Kind::kNowait)) {
    // No RWF_NOWAIT here (a FIFO or signalfd, or a kernel before 6.5), or not that kind of file any
    // more.
    const FdInfo found = look_again(target.fd, *target.slot);
    target.info =
        found.kind() == before ? FdInfo(Kind::kPolled, found.tag() & ~FdInfo::kKindMask) : found;
    target.slot->forbid_shortcut();
    target.slot->tag.store(target.info.tag(), std::memory_order_release);
  }
  return target.info.kind() != before;
}

// poll, then the call: right as long as nobody else takes what poll saw in between.
template <class Call>
long if_ready(const Target& target, short events, Call call) {
  if (target.info.kind() == Kind::kPolled && !is_ready(target.fd, events)) {
    return -EAGAIN;
  }
  return call();
}

// A blocking read of datagrams says that the socket was shut down; one that must not wait says that
// nothing is there.
long end_of_datagrams(const Target& target, long result) {
  const bool may_have_ended = result == -EAGAIN && target.info.kind() == Kind::kDatagram;
  return may_have_ended && is_ready(target.fd, POLLRDHUP) ? 0 : result;
}

template <class Operation>
long with_correction(Target& target, Operation operation) {
  const long result = operation();
  return result < 0 && corrected(target, result) ? operation() : result;
}

long readv_once(const Target& target, const iovec* parts, int count) {
  switch (target.info.kind()) {
    case Kind::kTcp:
    case Kind::kStream:
    case Kind::kDatagram: {
      msghdr message = {};
      message.msg_iov = const_cast<iovec*>(parts);
      message.msg_iovlen = static_cast<std::size_t>(count);
      return end_of_datagrams(target, sys::call(SYS_recvmsg, target.fd, &message, MSG_DONTWAIT));
    }
    case Kind::kPipe:
    case Kind::kNowait:
      return sys::call(SYS_preadv2, target.fd, parts, count, kAtPosition, kAtPosition, RWF_NOWAIT);
    default:
      return if_ready(target, POLLIN,
                      [&] { return sys::call(SYS_readv, target.fd, parts, count); });
  }
}

long writev_once(const Target& target, const iovec* parts, int count) {
  switch (target.info.kind()) {
    case Kind::kTcp:
    case Kind::kStream:
    case Kind::kDatagram: {
      msghdr message = {};
      message.msg_iov = const_cast<iovec*>(parts);
      message.msg_iovlen = static_cast<std::size_t>(count);
      return sys::call(SYS_sendmsg, target.fd, &message, MSG_DONTWAIT | target.send_flags);
    }
    case Kind::kPipe:
    case Kind::kNowait:
      return sys::call(SYS_pwritev2, target.fd, parts, count, kAtPosition, kAtPosition, RWF_NOWAIT);
    default:
      return if_ready(target, POLLOUT, [&] {
        // Ready for writing promises room for PIPE_BUF bytes and no more.
        const iovec first = {parts[0].iov_base, std::min<std::size_t>(parts[0].iov_len, PIPE_BUF)};
        return count == 0 ? 0L : sys::call(SYS_writev, target.fd, &first, 1);
      });
  }
}

}  // namespace

bool is_ready(int fd, short events) {
  pollfd one = {fd, events, 0};
  const timespec now = {};
  return sys::call(SYS_ppoll, &one, 1, &now, nullptr, 0) != 0;
}

long readv(Target& target, const iovec* parts, int count) {
  return with_correction(target, [&] { return readv_once(target, parts, count); });
}

long writev(Target& target, const iovec* parts, int count) {
  return with_correction(target, [&] { return writev_once(target, parts, count); });
}

long read(Target& target, void* buffer, std::size_t size) {
  const iovec part = {buffer, size};
  if (target.info.is_socket()) {
    const long result = recvfrom(target, buffer, size, 0, nullptr, nullptr);
    return result < 0 && corrected(target, result) ? readv_once(target, &part, 1) : result;
  }
  return readv(target, &part, 1);
}

long write(Target& target, const void* buffer, std::size_t size) {
  const iovec part = {const_cast<void*>(buffer), size};
  if (target.info.is_socket()) {
    const long result = sys::call(SYS_sendto, target.fd, buffer, size,
                                  MSG_DONTWAIT | target.send_flags, nullptr, 0);
    return result < 0 && corrected(target, result) ? writev_once(target, &part, 1) : result;
  }
  return writev(target, &part, 1);
}

long recvfrom(Target& target, void* buffer, std::size_t size, int flags, sockaddr* from,
              socklen_t* from_size) {
  return end_of_datagrams(target, sys::call(SYS_recvfrom, target.fd, buffer, size,
                                            flags | MSG_DONTWAIT, from, from_size));
}

long recvmsg(Target& target, msghdr* message, int flags) {
  const long result = sys::call(SYS_recvmsg, target.fd, message, flags | MSG_DONTWAIT);
  const long seen = end_of_datagrams(target, result);
  if (seen != result) {
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = 0;
  }
  return seen;
}

long sendto(Target& target, const void* buffer, std::size_t size, int flags, const sockaddr* to,
            socklen_t to_size) {
  return sys::call(SYS_sendto, target.fd, buffer, size, flags | MSG_DONTWAIT | target.send_flags,
                   to, to_size);
}

long sendmsg(Target& target, const msghdr* message, int flags) {
  return sys::call(SYS_sendmsg, target.fd, message, flags | MSG_DONTWAIT | target.send_flags);
}

long accept(Target& target, sockaddr* address, socklen_t* size, int flags) {
  // There is no MSG_DONTWAIT for accept: it is called when it will find a connection.
  if (!is_ready(target.fd, POLLIN)) {
    return -EAGAIN;
  }
  // Another process may have taken it by now: then a signal for the fiber must reach it in there.
  const Blocking blocking(*runtime::current());
  return sys::call(SYS_accept4, target.fd, address, size, flags);
}

}  // namespace weft::hooks::attempt
