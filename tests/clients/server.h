// server.h: where the server is that the test's script has started.
#pragma once

namespace weft::test {

/// What a client library takes: a socket's path, a port, a connection string.
inline const char* server = "";

}  // namespace weft::test
