// socket_bio.h: how OpenSSL reads and writes a socket: never waiting, without SIGPIPE, and by no
// call that the hooks would take for the program's.
//
// Layer:  net.
#pragma once
#include <openssl/bio.h>

namespace weft::net {

/// One for that descriptor, which it does not own. Null when memory is short.
BIO* make_socket_bio(int fd);

}  // namespace weft::net
