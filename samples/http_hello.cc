// http_hello.cc: an HTTP server that says hello, and keeps connections alive.
//
//     http_hello [ADDRESS]      127.0.0.1:0 if not given: any free port
#include <weft/net/buffered_stream.h>
#include <weft/net/stream_server.h>
#include <weft/weft.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

namespace net = weft::net;

namespace {

constexpr const char* kHello =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

// Reads a request up to its empty line. False if there is none any more.
bool read_request(net::BufferedStream<net::StreamSocket&>& stream, bool* keeps_alive) {
  std::string line;
  if (!stream.read_line(line)) {
    return false;
  }
  *keeps_alive = line.ends_with(" HTTP/1.1");
  while (stream.read_line(line) && !line.empty()) {
    *keeps_alive = *keeps_alive && line != "Connection: close";
  }
  return true;
}

void serve(net::StreamSocket& connection) {
  connection.set_timeout(std::chrono::seconds(30));
  net::BufferedStream<net::StreamSocket&> stream(connection);
  for (bool keeps_alive = true; keeps_alive && read_request(stream, &keeps_alive);) {
    stream.write_all(kHello);
  }
  stream.flush();
}

}  // namespace

int main(int argc, char** argv) try {
  const auto address = net::Address::parse(argc > 1 ? argv[1] : "127.0.0.1:0");
  weft::on_unhandled([](const weft::Unhandled&) {});  // clients come and go as they like
  weft::Scheduler cores;
  net::StreamServer server(address, serve,
                           {.pool = 10'000, .scheduler = &cores, .acceptors = cores.workers});
  server.start();
  std::printf("listening on %s\n", server.address().to_string().c_str());
  std::fflush(stdout);
  server.serve_forever();
} catch (const std::exception& error) {
  std::fprintf(stderr, "http_hello: %s\n", error.what());
  return 1;
}
