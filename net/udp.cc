#include <sys/socket.h>
#include <sys/uio.h>
#include <weft/net/udp.h>

#include "net/socket_call.h"

namespace weft::net {

UdpSocket::UdpSocket(int family, const UdpOptions& options) : Socket(family, SOCK_DGRAM) {
  if (options.reuse_port) {
    set_reuse_port(true);
  }
  if (options.broadcast) {
    set_broadcast(true);
  }
}

UdpSocket::UdpSocket(const Address& address, const UdpOptions& options)
    : UdpSocket(address.family(), options) {
  bind(address);
}

void UdpSocket::send_to(Bytes bytes, const Address& to) {
  SocketCall call(*this, "weft::net::UdpSocket::send_to");
  call.run(Direction::kWrite, 0, [&](int fd) {
    return sys::call(SYS_sendto, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                     to.data(), to.size());
  });
}

Datagram UdpSocket::receive_from(MutableBytes room) {
  SocketCall call(*this, "weft::net::UdpSocket::receive_from");
  sockaddr_storage from = {};
  iovec vector = {room.data(), room.size()};
  msghdr message = {};
  message.msg_name = &from;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  const long size = call.run(Direction::kRead, 0, [&](int fd) {
    message.msg_namelen = sizeof from;
    return sys::call(SYS_recvmsg, fd, &message, MSG_DONTWAIT);
  });
  return {.size = static_cast<std::size_t>(size),
          .from = Address(reinterpret_cast<sockaddr*>(&from), message.msg_namelen),
          .is_truncated = (message.msg_flags & MSG_TRUNC) != 0};
}

void UdpSocket::send(Bytes bytes) {
  SocketCall call(*this, "weft::net::UdpSocket::send");
  call.run(Direction::kWrite, 0, [&](int fd) {
    return sys::call(SYS_sendto, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                     nullptr, 0);
  });
}

std::size_t UdpSocket::receive(MutableBytes room) {
  SocketCall call(*this, "weft::net::UdpSocket::receive");
  return static_cast<std::size_t>(call.run(Direction::kRead, 0, [&](int fd) {
    return sys::call(SYS_recvfrom, fd, room.data(), room.size(), MSG_DONTWAIT, nullptr, nullptr);
  }));
}

void UdpSocket::set_broadcast(bool on) { set_option(SOL_SOCKET, SO_BROADCAST, on ? 1 : 0); }

}  // namespace weft::net
