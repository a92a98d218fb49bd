// weft/net/udp.h: datagrams.
//
// Layer:  net, public.      See also: weft/net/socket.h, datagram_server.h.
#pragma once
#include <weft/net/bytes.h>
#include <weft/net/socket.h>

#include <cstddef>
#include <utility>

namespace weft::net {

/// What receive_from() says of a datagram.
struct Datagram {
  std::size_t size = 0;       ///< Bytes that are in the room.
  Address from;               ///< Who sent it.
  bool is_truncated = false;  ///< It was larger than the room; the rest is lost.
};

/// How a socket for datagrams is made.
struct UdpOptions {
  bool reuse_port = false;  ///< Several sockets share the address, and the load.
  bool broadcast = false;   ///< It may send to all hosts of a network.
};

/// A socket for datagrams of UDP, or of a unix address.
///
/// Errors:   as Socket; ECONNREFUSED when a peer it is connected with does not listen; EMSGSIZE for
///           datagrams that are too large.
/// Promise:  a datagram goes as a whole or not at all.
/// Source:   gevent.socket.socket of SOCK_DGRAM; asyncio's create_datagram_endpoint().
///
///     weft::net::UdpSocket socket(weft::net::Address::loopback());
///     socket.send_to("hello", peer);
class UdpSocket : public Socket {
 public:
  /// Not open.
  UdpSocket() = default;
  /// Bound to an address; port 0 takes a free one.
  explicit UdpSocket(const Address& address, const UdpOptions& options = {});
  /// Bound to none: the kernel does that when it first sends.
  explicit UdpSocket(int family, const UdpOptions& options = {});
  /// Takes over a socket, as of Socket::from_fd().
  explicit UdpSocket(Socket&& socket) : Socket(std::move(socket)) {}

  /// Sends to an address, waiting for room.
  void send_to(Bytes bytes, const Address& to);
  /// Waits for a datagram.
  [[nodiscard]] Datagram receive_from(MutableBytes room);
  /// Sends to whom it is connected with: connect() of Socket.
  void send(Bytes bytes);
  /// As receive_from(), without the address: from whom it is connected with.
  [[nodiscard]] std::size_t receive(MutableBytes room);
  /// SO_BROADCAST.
  void set_broadcast(bool on);
};

}  // namespace weft::net
