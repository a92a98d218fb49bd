// weft/net/stream_listener.h: accepts connections, of whatever family.
//
// Layer:  net, public.      See also: weft/net/tcp.h, unix_socket.h, stream_server.h.
#pragma once
#include <weft/net/stream_socket.h>

#include <utility>

namespace weft::net {

/// How a listener waits for connections.
struct ListenOptions {
  int backlog = 1024;         ///< Connections that wait to be accepted; net.core.somaxconn at most.
  bool reuse_address = true;  ///< Old connections do not keep the address.
  bool reuse_port = false;    ///< Several listeners share the address, and the load.
  bool nodelay = false;       ///< TcpStream::set_nodelay() of all connections, at no cost.
};

/// Accepts connections of TCP or of a unix address. The file of a path stays when it is closed.
///
/// Errors:   accept() throws what accept(2) says: EMFILE and its kin; not ECONNABORTED.
/// Threads:  as Socket: several fibers, of several schedulers too, may accept; one connection wakes
///           one of them.
/// Source:   gevent.socket.socket.accept().
///
///     weft::net::StreamListener listener(weft::net::Address::parse("127.0.0.1:8080"));
class StreamListener : public Socket {
 public:
  /// Not open.
  StreamListener() = default;
  /// Binds and listens. Port 0 takes a free one: local_address() says which.
  explicit StreamListener(const Address& address, const ListenOptions& options = {});
  /// Takes over a socket that listens, as of Socket::from_fd().
  explicit StreamListener(Socket&& socket) : Socket(std::move(socket)) {}
  /// Waits for a connection. Its peer's address is put into `*peer`, if that is not null.
  [[nodiscard]] StreamSocket accept(Address* peer = nullptr);
};

}  // namespace weft::net
