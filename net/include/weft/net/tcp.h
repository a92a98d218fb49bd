// weft/net/tcp.h: connections of TCP, and who accepts them.
//
// Layer:  net, public.      See also: weft/net/stream_socket.h, connect.h, stream_server.h.
#pragma once
#include <weft/net/stream_listener.h>
#include <weft/net/stream_socket.h>

namespace weft::net {

/// A connection of TCP. See StreamSocket for reading and writing.
///
/// Source:   gevent.socket.socket of SOCK_STREAM.
///
///     weft::net::TcpStream stream = weft::net::TcpStream::connect(address);
class TcpStream : public StreamSocket {
 public:
  using StreamSocket::StreamSocket;
  /// Connects to one address. By name: weft::net::connect().
  static TcpStream connect(const Address& address);
  /// TCP_NODELAY: whether small writes go at once, though others are on their way.
  void set_nodelay(bool on);

 private:
  friend class TcpListener;
  explicit TcpStream(const New& created) : StreamSocket(created) {}
};

/// Accepts connections of TCP. As StreamListener.
///
///     weft::net::TcpListener listener(weft::net::Address::loopback());
///     weft::net::TcpStream stream = listener.accept();
class TcpListener : public StreamListener {
 public:
  using StreamListener::StreamListener;
  /// Waits for a connection. Its peer's address is put into `*peer`, if that is not null.
  [[nodiscard]] TcpStream accept(Address* peer = nullptr);
};

}  // namespace weft::net
