#include <netinet/in.h>
#include <netinet/tcp.h>
#include <weft/net/tcp.h>

namespace weft::net {

TcpStream TcpStream::connect(const Address& address) {
  TcpStream stream(Socket(address.family(), SOCK_STREAM));
  stream.Socket::connect(address);
  return stream;
}

void TcpStream::set_nodelay(bool on) { set_option(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); }

TcpStream TcpListener::accept(Address* peer) { return TcpStream(accept_one(peer)); }

}  // namespace weft::net
