// port_scanner.cc: which ports of a host answer; a hundred at a time, each for half a second at
// most.
//
//     port_scanner HOST FIRST LAST
#include <weft/net/tcp.h>
#include <weft/weft.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>

using namespace std::chrono_literals;
namespace net = weft::net;

namespace {

bool answers(const net::Address& address) {
  bool is_open = false;
  weft::Timeout limit(500ms);
  limit.silent([&] {
    try {
      net::TcpStream::connect(address);
      is_open = true;
    } catch (const std::system_error&) {
      // It refuses.
    }
  });
  return is_open;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: port_scanner HOST FIRST LAST\n");
    return 2;
  }
  weft::Pool scans(100);
  for (int port = std::atoi(argv[2]); port <= std::atoi(argv[3]); ++port) {
    const auto address = net::Address::ip(argv[1], static_cast<std::uint16_t>(port));
    scans.spawn([address] {
      if (answers(address)) {
        std::printf("%s is open\n", address.to_string().c_str());
      }
    });
  }
  scans.join();
} catch (const std::exception& error) {
  std::fprintf(stderr, "port_scanner: %s\n", error.what());
  return 1;
}
