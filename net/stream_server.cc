#include <weft/net/stream_server.h>

#include <memory>
#include <utility>

#include "net/socket_core.h"

namespace weft::net {
namespace {

class StreamCore final : public weft::detail::SocketCore<StreamListener> {
 public:
  template <class Where>
  StreamCore(Where&& where, StreamServer::Handler handler, const ServerOptions& options)
      : SocketCore(std::forward<Where>(where), options), handler_(std::move(handler)) {}

 protected:
  StreamListener make(const Address& address) override {
    return StreamListener(address, options().listen);
  }

  std::unique_ptr<weft::detail::Job> accept() override {
    Address peer;
    StreamSocket stream = own_socket()->accept(&peer);
    return std::make_unique<Connection>(handler_, std::move(stream), peer);
  }

 private:
  class Connection final : public weft::detail::Job {
   public:
    Connection(const StreamServer::Handler& handler, StreamSocket&& stream, const Address& peer)
        : handler_(handler), stream_(std::move(stream)), peer_(peer) {}
    void run() override { handler_(stream_, peer_); }

   private:
    const StreamServer::Handler& handler_;
    StreamSocket stream_;
    const Address peer_;
  };

  const StreamServer::Handler handler_;
};

}  // namespace

StreamServer::StreamServer(const Address& address, Handler handler, const ServerOptions& options)
    : BaseServer(std::make_shared<StreamCore>(address, std::move(handler), options)) {}

StreamServer::StreamServer(StreamListener&& listener, Handler handler, const ServerOptions& options)
    : BaseServer(std::make_shared<StreamCore>(std::move(listener), std::move(handler), options)) {}

}  // namespace weft::net
