// weft/net/stream_server.h: a fiber for each connection.
//
// Layer:  net, public.      See also: weft/net/base_server.h, stream_socket.h.
#pragma once
#include <weft/net/base_server.h>
#include <weft/net/stream_socket.h>

#include <concepts>
#include <functional>
#include <utility>

namespace weft::net {

/// Accepts connections of TCP or of a unix address, and calls the handler for each.
///
/// Errors, Threads: as BaseServer.
/// Promise:  the connection is closed when the handler returns or throws, unless it has moved it
///           away.
/// Source:   gevent.server.StreamServer; asyncio.start_server().
///
///     weft::net::StreamServer server(weft::net::Address::any(8080), [](auto& stream) {
///       while (auto line = stream.read_line()) stream.write_all(*line + "\n");
///     });
///     server.serve_forever();
class StreamServer : public BaseServer {
 public:
  /// What is called for a connection: with it, and with its peer's address.
  using Handler = std::function<void(StreamSocket&, const Address&)>;

  /// Listens at an address when it is started. Port 0 takes a free one: see address().
  StreamServer(const Address& address, Handler handler, const ServerOptions& options = {});
  /// Accepts from a socket that listens already, once only.
  StreamServer(StreamListener&& listener, Handler handler, const ServerOptions& options = {});
  /// The same for handlers that do not ask for the address.
  template <class Where, std::invocable<StreamSocket&> F>
  StreamServer(Where&& where, F handler, const ServerOptions& options = {})
      : StreamServer(
            std::forward<Where>(where),
            Handler([handler = std::move(handler)](StreamSocket& stream, const Address&) mutable {
              handler(stream);
            }),
            options) {}
};

}  // namespace weft::net
