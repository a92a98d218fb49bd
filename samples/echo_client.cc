// echo_client.cc: many connections to an echo server at the same time, on one thread.
//
//     echo_client ADDRESS [CONNECTIONS]
#include <weft/net/buffered_stream.h>
#include <weft/net/tcp.h>
#include <weft/weft.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace net = weft::net;

namespace {

constexpr int kMessages = 20;

// How many came back as they went.
int talk(const net::Address& address, int number) {
  net::BufferedStream stream(net::TcpStream::connect(address));
  int echoed = 0;
  for (int i = 0; i < kMessages; ++i) {
    const std::string message = "message " + std::to_string(number) + "." + std::to_string(i);
    stream.write_all(message + "\n");
    echoed += stream.read_line() == message ? 1 : 0;  // what was written goes out first
  }
  return echoed;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::fprintf(stderr, "usage: echo_client ADDRESS [CONNECTIONS]\n");
    return 2;
  }
  const auto address = net::Address::parse(argv[1]);
  const int connections = argc > 2 ? std::atoi(argv[2]) : 100;
  std::vector<weft::Fiber<int>> clients;
  for (int i = 0; i < connections; ++i) {
    clients.push_back(weft::spawn(talk, address, i));
  }
  int echoed = 0;
  for (const auto& client : clients) {
    echoed += client.get();
  }
  std::printf("%d of %d messages came back\n", echoed, connections * kMessages);
} catch (const std::exception& error) {
  std::fprintf(stderr, "echo_client: %s\n", error.what());
  return 1;
}
