// echo_server.cc: sends back what it gets; a fiber for each connection.
//
//     echo_server [ADDRESS]     127.0.0.1:0 if not given: any free port
#include <weft/net/stream_server.h>
#include <weft/weft.h>

#include <cstdio>
#include <exception>

namespace net = weft::net;

namespace {

void echo(net::StreamSocket& stream) {
  char buffer[4096];
  while (const std::size_t got = stream.read_some(buffer)) {
    stream.write_all({buffer, got});
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const auto address = net::Address::parse(argc > 1 ? argv[1] : "127.0.0.1:0");
  // A client that goes away in the middle is nothing to talk about.
  weft::on_unhandled([](const weft::Unhandled&) {});
  net::StreamServer server(address, echo);
  server.start();
  std::printf("listening on %s\n", server.address().to_string().c_str());
  std::fflush(stdout);
  server.serve_forever();
} catch (const std::exception& error) {
  std::fprintf(stderr, "echo_server: %s\n", error.what());
  return 1;
}
