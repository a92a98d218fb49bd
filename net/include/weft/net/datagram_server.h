// weft/net/datagram_server.h: a fiber for each datagram.
//
// Layer:  net, public.      See also: weft/net/base_server.h, udp.h.
#pragma once
#include <weft/net/base_server.h>
#include <weft/net/udp.h>

#include <functional>
#include <string_view>

namespace weft::net {

/// Receives datagrams, and calls the handler for each.
///
/// Errors, Threads: as BaseServer.
/// Promise:  a datagram is whole, and the handler's as long as it runs. When the pool is full they
///           wait in the kernel, and are lost when that has no more room.
/// Source:   gevent.server.DatagramServer.
///
///     weft::net::DatagramServer server(weft::net::Address::any(53), [](auto data, auto& from,
///     auto& to) {
///       to.send_to(data, from);
///     });
class DatagramServer : public BaseServer {
 public:
  /// What is called for a datagram: with it, with who sent it, and with the socket that it came by.
  /// That is closed by close() and stop(), and stays so when the server is started again: then
  /// calls on it fail with EBADF.
  using Handler = std::function<void(std::string_view, const Address&, UdpSocket&)>;

  /// Receives at an address when it is started. Port 0 takes a free one: see address().
  DatagramServer(const Address& address, Handler handler, const ServerOptions& options = {});
  /// Receives from a socket that is bound already, once only.
  DatagramServer(UdpSocket&& socket, Handler handler, const ServerOptions& options = {});
  /// Sends from the server's address. EBADF if it has not been started, or was closed.
  void send_to(Bytes bytes, const Address& to);
};

}  // namespace weft::net
