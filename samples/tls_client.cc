// tls_client.cc: fetches a page over TLS, and verifies the server's certificate.
//
//     tls_client HOST PORT [FILE_OF_TRUSTED_CERTIFICATES]
#include <weft/net/connect.h>
#include <weft/net/tls.h>

#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "tls_client HOST PORT [FILE_OF_TRUSTED_CERTIFICATES]\n";
    return 2;
  }
  const std::string host = argv[1];
  weft::net::TlsContext context = weft::net::TlsContext::client();
  if (argc > 3) {
    context.trust(argv[3]);
  }
  auto tls = weft::net::TlsStream::connect(weft::net::connect(host, argv[2]), context, host);
  tls.write_all("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n");
  char room[4096];
  while (const std::size_t got = tls.read_some(room)) {
    std::cout.write(room, static_cast<std::streamsize>(got));
  }
} catch (const std::exception& error) {
  std::cerr << "tls_client: " << error.what() << '\n';
  return 1;
}
