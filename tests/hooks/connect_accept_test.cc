// tests/hooks/connect_accept_test.cc: how connections are made and taken.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// Abstract, so that nothing is left in the file system.
struct UnixListener {
  explicit UnixListener(int backlog) : fd(socket(AF_UNIX, SOCK_STREAM, 0)) {
    // An address of only the family makes the kernel choose an abstract name.
    address.sun_family = AF_UNIX;
    EXPECT_EQ(bind(fd, general(), sizeof(sa_family_t)), 0);
    EXPECT_EQ(getsockname(fd, general(), &size), 0);
    EXPECT_EQ(listen(fd, backlog), 0);
  }
  sockaddr* general() { return reinterpret_cast<sockaddr*>(&address); }

  Fd fd;
  sockaddr_un address{};
  socklen_t size = sizeof address;
};

TEST(Accept, LetsOthersRunUntilSomebodyConnects) {
  const Listener listener;
  Fd near;
  Fd far;
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  expect_others_run([&] { near = Fd(accept(listener.fd(), general(peer), &size)); },
                    [&] { far = listener.connect(); });
  ASSERT_GE(near, 0);
  EXPECT_EQ(size, sizeof peer);
  EXPECT_EQ(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  EXPECT_EQ(write(far, "x", 1), 1);
  EXPECT_EQ(read_some(near), "x");
}

TEST(Accept, NewSocketBlocks) {
  const Listener listener;
  const Fd far = listener.connect();
  const Fd near(accept(listener.fd(), nullptr, nullptr));
  EXPECT_EQ(fcntl(near, F_GETFL) & O_NONBLOCK, 0);
  expect_others_run([&] { EXPECT_EQ(read_some(near), "x"); },
                    [&] { EXPECT_EQ(write(far, "x", 1), 1); });
}

TEST(Accept, NewSocketOfANonblockingListenerBlocks) {
  const Listener listener(128, SOCK_NONBLOCK);
  const Fd far = listener.connect();
  const Fd near(accept(listener.fd(), nullptr, nullptr));
  ASSERT_GE(near, 0);
  EXPECT_EQ(fcntl(near, F_GETFL) & O_NONBLOCK, 0);
}

TEST(Accept, NonblockingListenerAnswersAtOnce) {
  const Listener listener(128, SOCK_NONBLOCK);
  EXPECT_EQ(accept(listener.fd(), nullptr, nullptr), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Accept4, SetsTheFlagsItWasGiven) {
  const Listener listener;
  const Fd far = listener.connect();
  const Fd near(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_EQ(fcntl(near, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  EXPECT_EQ(fcntl(near, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(listener.fd(), F_GETFL) & O_NONBLOCK, 0);
  char byte = 0;
  EXPECT_EQ(read(near, &byte, 1), -1);
  EXPECT_EQ(errno, EAGAIN);
  const Fd second = listener.connect();
  const Fd plain(accept4(listener.fd(), nullptr, nullptr, 0));
  EXPECT_EQ(fcntl(plain, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(fcntl(plain, F_GETFD), 0);
}

TEST(Accept4, RefusesUnknownFlags) {
  const Listener listener;
  EXPECT_EQ(accept4(listener.fd(), nullptr, nullptr, 0x40000000), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(Accept, SocketThatDoesNotListen) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(accept(fd, nullptr, nullptr), -1);
  EXPECT_EQ(errno, EINVAL);
  const Pair pair = make_udp_pair();
  EXPECT_EQ(accept(pair.near, nullptr, nullptr), -1);
  EXPECT_EQ(errno, EOPNOTSUPP);
}

TEST(Accept, ReceiveTimeoutCounts) {
  const Listener listener;
  set_timeout(listener.fd(), SO_RCVTIMEO, 80);
  const Stopwatch watch;
  EXPECT_EQ(accept(listener.fd(), nullptr, nullptr), -1);
  EXPECT_EQ(errno, EAGAIN);
  watch.expect(milliseconds(80));
}

TEST(Accept, ShutdownOfTheListenerWakesIt) {
  const Listener listener;
  expect_others_run(
      [&] {
        EXPECT_EQ(accept(listener.fd(), nullptr, nullptr), -1);
        EXPECT_EQ(errno, EINVAL);
      },
      [&] { EXPECT_EQ(shutdown(listener.fd(), SHUT_RDWR), 0); });
}

TEST(Accept, FiftyThreadsOnOneListenerAreAllServed) {
  constexpr int kThreads = 50;
  const Listener listener;
  std::atomic<int> waiting{0};
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.push_back(std::make_unique<Thread>([&] {
      ++waiting;
      const Fd near(accept(listener.fd(), nullptr, nullptr));
      EXPECT_EQ(write(near, read_some(near).data(), 4), 4);
    }));
  }
  while (waiting < kThreads) {
    usleep(1000);
  }
  expect_few_kernel_threads();
  std::vector<Fd> clients;
  for (int i = 0; i < kThreads; ++i) {
    clients.push_back(listener.connect());
  }
  for (int i = 0; i < kThreads; ++i) {
    const std::string text = std::to_string(1000 + i);
    EXPECT_EQ(write(clients.at(static_cast<std::size_t>(i)), text.data(), 4), 4);
  }
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_EQ(read_some(clients.at(static_cast<std::size_t>(i))), std::to_string(1000 + i));
  }
}

// All in the backlog before anybody waits: one edge, many connections.
TEST(Accept, TakesAllThatCameAtOnce) {
  const Listener listener;
  std::vector<Fd> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(listener.connect());
  }
  for (int i = 0; i < 30; ++i) {
    EXPECT_GE(Fd(accept(listener.fd(), nullptr, nullptr)), 0);
  }
  expect_others_run([&] { EXPECT_GE(Fd(accept(listener.fd(), nullptr, nullptr)), 0); },
                    [&] { clients.push_back(listener.connect()); });
}

TEST(Connect, IsRefusedWhereNobodyListens) {
  sockaddr_in address{};
  {
    const Listener listener;
    address = listener.address();
  }
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(connect(fd, general(address), sizeof address), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(Connect, LeavesABlockingSocket) {
  const Listener listener;
  const Fd fd = listener.connect();
  EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  const sockaddr_in address = listener.address();
  EXPECT_EQ(connect(fd, general(address), sizeof address), -1);
  EXPECT_EQ(errno, EISCONN);
}

TEST(Connect, NonblockingIsInProgress) {
  const Listener listener;
  const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const sockaddr_in address = listener.address();
  EXPECT_EQ(connect(fd, general(address), sizeof address), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  EXPECT_EQ(poll(&entry, 1, 1000), 1);
  int error = -1;
  socklen_t size = sizeof error;
  EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
  EXPECT_EQ(error, 0);
}

TEST(Connect, UdpOnlyRemembers) {
  const Fd fd(socket(AF_INET, SOCK_DGRAM, 0));
  const sockaddr_in address = loopback(9);
  EXPECT_EQ(connect(fd, general(address), sizeof address), 0);
}

// With the backlog full the kernel offers nothing to poll for: the call must still wait.
TEST(Connect, FullUnixBacklogWaits) {
  UnixListener listener(0);
  const Fd first(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(connect(first, listener.general(), listener.size), 0);
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  ASSERT_EQ(connect(probe, listener.general(), listener.size), -1);
  ASSERT_EQ(errno, EAGAIN);
  const Fd second(socket(AF_UNIX, SOCK_STREAM, 0));
  std::array<Fd, 2> accepted;
  expect_others_run([&] { EXPECT_EQ(connect(second, listener.general(), listener.size), 0); },
                    [&] { accepted[0] = Fd(accept(listener.fd, nullptr, nullptr)); });
  accepted[1] = Fd(accept(listener.fd, nullptr, nullptr));
  EXPECT_EQ(write(second, "x", 1), 1);
  EXPECT_EQ(read_some(accepted[1]), "x");
}

TEST(Connect, SendTimeoutEndsTheWaitForAFullUnixBacklog) {
  UnixListener listener(0);
  const Fd first(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(connect(first, listener.general(), listener.size), 0);
  const Fd second(socket(AF_UNIX, SOCK_STREAM, 0));
  set_timeout(second, SO_SNDTIMEO, 100);
  const Stopwatch watch;
  EXPECT_EQ(connect(second, listener.general(), listener.size), -1);
  EXPECT_EQ(errno, EAGAIN);
  watch.expect(milliseconds(100));
}

// A full TCP backlog drops the SYN: the handshake ends when SO_SNDTIMEO says so.
TEST(Connect, SendTimeoutEndsTheHandshake) {
  const Listener listener(0);
  const sockaddr_in address = listener.address();
  const Fd first = listener.connect();
  const Fd second(socket(AF_INET, SOCK_STREAM, 0));
  set_timeout(second, SO_SNDTIMEO, 100);
  const Stopwatch watch;
  EXPECT_EQ(connect(second, general(address), sizeof address), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  watch.expect(milliseconds(100));
  EXPECT_EQ(connect(second, general(address), sizeof address), -1);
  EXPECT_EQ(errno, EALREADY);
}

TEST(Connect, BadAddress) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in address = loopback(9);
  EXPECT_EQ(connect(fd, general(address), 3), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(connect(-1, general(address), sizeof address), -1);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace weft::test
