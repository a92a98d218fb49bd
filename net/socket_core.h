// socket_core.h: a ServerCore that has a socket, or makes one for each of its lives.
//
// Layer:  net.      See also: net/DESIGN.md ("Servers").
#pragma once
#include <cerrno>
#include <memory>
#include <utility>

#include "net/server_core.h"
#include "runtime/api_error.h"
#include "runtime/guard.h"

namespace weft::detail {

/// Invariant: a socket is never replaced under who uses it: they hold it by a pointer of their own.
template <class S>
class SocketCore : public ServerCore {
 public:
  /// Makes a socket at the address.
  SocketCore(const net::Address& address, const net::ServerOptions& options)
      : ServerCore(options), address_(address), socket_(std::make_shared<S>()) {}
  /// Has that one.
  SocketCore(S&& socket, const net::ServerOptions& options)
      : ServerCore(options), socket_(std::make_shared<S>(std::move(socket))) {}

  [[nodiscard]] std::shared_ptr<net::Socket> socket() final { return own_socket(); }
  /// The socket of this life, as what it is.
  [[nodiscard]] std::shared_ptr<S> own_socket() {
    const Guard hold(replacing_);
    return socket_;
  }

 protected:
  void open() final {
    if (own_socket()->is_open()) {
      return;
    }
    if (address_.family() == AF_UNSPEC) {
      throw_errno(EBADF, "weft::net: the server's socket was closed");
    }
    auto made = std::make_shared<S>(make(address_));
    const Guard hold(replacing_);
    socket_.swap(made);
  }
  /// Binds a new one.
  virtual S make(const net::Address& address) = 0;

 private:
  const net::Address address_;  // of no family: the socket was given
  Mutex replacing_;
  std::shared_ptr<S> socket_;  // guarded by replacing_
};

}  // namespace weft::detail
