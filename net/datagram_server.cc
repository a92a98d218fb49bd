#include <weft/net/datagram_server.h>

#include <memory>
#include <string>
#include <utility>

#include "net/socket_core.h"

namespace weft::net {
namespace {

class DatagramCore final : public weft::detail::SocketCore<UdpSocket> {
 public:
  template <class Where>
  DatagramCore(Where&& where, DatagramServer::Handler handler, const ServerOptions& options)
      : SocketCore(std::forward<Where>(where), options), handler_(std::move(handler)) {}

 protected:
  UdpSocket make(const Address& address) override {
    return UdpSocket(address, {.reuse_port = options().listen.reuse_port});
  }

  std::unique_ptr<weft::detail::Job> accept() override {
    constexpr std::size_t kLargest = 65536;
    const auto room = std::make_unique_for_overwrite<char[]>(kLargest);
    std::shared_ptr<UdpSocket> socket = own_socket();
    const Datagram datagram = socket->receive_from({room.get(), kLargest});
    return std::make_unique<Message>(handler_, std::move(socket),
                                     std::string(room.get(), datagram.size), datagram.from);
  }

 private:
  class Message final : public weft::detail::Job {
   public:
    Message(const DatagramServer::Handler& handler, std::shared_ptr<UdpSocket> socket,
            std::string&& data, const Address& from)
        : handler_(handler), socket_(std::move(socket)), data_(std::move(data)), from_(from) {}
    void run() override { handler_(data_, from_, *socket_); }

   private:
    const DatagramServer::Handler& handler_;
    const std::shared_ptr<UdpSocket> socket_;
    const std::string data_;
    const Address from_;
  };

  const DatagramServer::Handler handler_;
};

}  // namespace

DatagramServer::DatagramServer(const Address& address, Handler handler,
                               const ServerOptions& options)
    : BaseServer(std::make_shared<DatagramCore>(address, std::move(handler), options)) {}

DatagramServer::DatagramServer(UdpSocket&& socket, Handler handler, const ServerOptions& options)
    : BaseServer(std::make_shared<DatagramCore>(std::move(socket), std::move(handler), options)) {}

void DatagramServer::send_to(Bytes bytes, const Address& to) {
  static_cast<DatagramCore&>(core()).own_socket()->send_to(bytes, to);
}

}  // namespace weft::net
