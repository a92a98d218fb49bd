// weft/net/unix_socket.h: connections within this host, by a path or an abstract name.
//
// Layer:  net, public.      See also: weft/net/stream_socket.h, address.h.
#pragma once
#include <weft/net/stream_listener.h>
#include <weft/net/stream_socket.h>

#include <utility>

namespace weft::net {

/// A connection of a unix socket. See StreamSocket for reading and writing.
///
/// Source:   gevent.socket.socket of AF_UNIX; socket.socketpair().
///
///     auto [mine, yours] = weft::net::UnixStream::pair();
class UnixStream : public StreamSocket {
 public:
  using StreamSocket::StreamSocket;
  /// Connects to Address::unix_path() or Address::unix_abstract(). Waits while the backlog is full.
  static UnixStream connect(const Address& address);
  /// Two that are connected with each other. socketpair(2).
  static std::pair<UnixStream, UnixStream> pair();

 private:
  friend class UnixListener;
  explicit UnixStream(const New& created) : StreamSocket(created) {}
};

/// Accepts connections of a unix socket. As StreamListener.
///
///     weft::net::UnixListener listener(weft::net::Address::unix_abstract("my service"));
class UnixListener : public StreamListener {
 public:
  using StreamListener::StreamListener;
  /// Waits for a connection. Its peer's address is put into `*peer`, if that is not null.
  [[nodiscard]] UnixStream accept(Address* peer = nullptr);
};

}  // namespace weft::net
