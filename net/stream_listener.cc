#include <netinet/in.h>
#include <netinet/tcp.h>
#include <weft/net/stream_listener.h>

#include "net/socket_call.h"

namespace weft::net {

StreamListener::StreamListener(const Address& address, const ListenOptions& options)
    : Socket(address.family(), SOCK_STREAM) {
  if (options.reuse_address && address.family() != AF_UNIX) {
    set_reuse_address(true);
  }
  if (options.reuse_port) {
    set_reuse_port(true);
  }
  if (options.nodelay) {
    set_option(IPPROTO_TCP, TCP_NODELAY, 1);  // connections inherit it
  }
  bind(address);
  SocketCall(*this, "weft::net::StreamListener").simply(SYS_listen, options.backlog);
}

StreamSocket StreamListener::accept(Address* peer) { return StreamSocket(accept_one(peer)); }

}  // namespace weft::net
