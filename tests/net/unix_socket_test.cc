#include <sys/socket.h>
#include <weft/net/unix_socket.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/net/fixture.h"
#include "tests/support/temporary.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

using NetUnix = NetTest;

// The kernel's choice of an abstract name that is free.
Address free_name() { return Address::unix_path(""); }

TEST_F(NetUnix, SocketpairIsConnected) {
  auto [a, b] = UnixStream::pair();
  const auto reader = spawn([&b = b] { return read_rest(b); });
  weft::yield();
  a.write_all("hello");
  a.close();
  EXPECT_EQ(reader.get(), "hello");
}

TEST_F(NetUnix, AbstractNamesAreConnectedTo) {
  UnixListener listener(free_name());
  const Address name = listener.local_address();
  EXPECT_EQ(name.to_string().substr(0, 6), "unix:@");
  const auto server = spawn([&] { return listener.accept().read_line(); });
  UnixStream client = UnixStream::connect(name);
  client.write_all("hello\n");
  EXPECT_EQ(server.get(), "hello");
}

TEST_F(NetUnix, PathsAreConnectedTo) {
  const TemporaryFolder folder;
  const Address path = Address::unix_path(folder.path() + "/socket");
  {
    UnixListener listener(path);
    UnixStream client = UnixStream::connect(path);
    EXPECT_EQ(client.remote_address(), path);
    listener.accept().write_all("x");
    EXPECT_EQ(read_rest(client), "x");
  }
  EXPECT_EQ(error_of([&] { UnixStream::connect(path); }), ECONNREFUSED);
}

TEST_F(NetUnix, AFullBacklogIsWaitedFor) {
  UnixListener listener(free_name(), {.backlog = 0});
  const Address name = listener.local_address();
  std::vector<Fiber<void>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(spawn([name] { UnixStream::connect(name); }));
  }
  weft::yield();
  for (int i = 0; i < 4; ++i) {
    static_cast<void>(listener.accept());
  }
  EXPECT_TRUE(joinall(10s, clients));
}

TEST_F(NetUnix, AFullBacklogHasATimeout) {
  UnixListener listener(free_name(), {.backlog = 0});
  const UnixStream first = UnixStream::connect(listener.local_address());
  Socket second(AF_UNIX, SOCK_STREAM);
  second.set_timeout(3ms);
  EXPECT_EQ(error_of([&] { second.connect(listener.local_address()); }), ETIMEDOUT);
}

}  // namespace
}  // namespace weft::net
