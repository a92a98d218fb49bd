#include <weft/net/unix_socket.h>

#include "runtime/api_error.h"
#include "runtime/sys.h"

namespace weft::net {

namespace sys = runtime::sys;

UnixStream UnixStream::connect(const Address& address) {
  UnixStream stream(Socket(AF_UNIX, SOCK_STREAM));
  stream.Socket::connect(address);
  return stream;
}

std::pair<UnixStream, UnixStream> UnixStream::pair() {
  int ends[2] = {-1, -1};
  const long result =
      sys::call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
  if (sys::failed(result)) {
    weft::detail::throw_errno(static_cast<int>(-result), "weft::net::UnixStream::pair");
  }
  UnixStream first;
  try {
    first = UnixStream(New{ends[0], false});
  } catch (...) {
    sys::call(SYS_close, ends[1]);  // nobody's yet
    throw;
  }
  return {std::move(first), UnixStream(New{ends[1], false})};
}

UnixStream UnixListener::accept(Address* peer) { return UnixStream(accept_one(peer)); }

}  // namespace weft::net
