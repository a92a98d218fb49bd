// fixture.h: a test over loopback, that must leave no fiber and no descriptor behind.
#pragma once
#include <weft/fiber.h>
#include <weft/net/tcp.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/hub.h"
#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"

namespace weft::test {

class NetTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    const char* const hub = std::getenv("WEFT_HUB");
    if (hub != nullptr && std::string_view(hub) == "io_uring" &&
        runtime::Scheduler::current()->hub().ring() == nullptr) {
      GTEST_SKIP() << "the kernel refuses io_uring here: this would be net_test again";
    }
  }
};

/// Two ends of one connection of TCP.
inline std::pair<net::TcpStream, net::TcpStream> tcp_pair() {
  net::TcpListener listener(net::Address::loopback());
  net::TcpStream client = net::TcpStream::connect(listener.local_address());
  return {std::move(client), listener.accept()};
}

/// Everything until the end.
template <class S>
std::string read_rest(S& stream) {
  std::string all;
  char piece[4096];
  while (const std::size_t got = stream.read_some(piece)) {
    all.append(piece, got);
  }
  return all;
}

}  // namespace weft::test
