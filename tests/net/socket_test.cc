#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weft/idle.h>
#include <weft/net/tcp.h>
#include <weft/net/udp.h>
#include <weft/scheduler.h>
#include <weft/timeout.h>
#include <weft/wait_fd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "tests/net/fixture.h"

namespace weft::net {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

using NetSocket = NetTest;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_F(NetSocket, IsOpenUntilItIsClosed) {
  Socket socket;
  EXPECT_FALSE(socket.is_open());
  EXPECT_EQ(socket.fileno(), -1);
  socket = Socket(AF_INET, SOCK_STREAM);
  const int fd = socket.fileno();
  EXPECT_TRUE(is_open(fd));
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  socket.close();
  EXPECT_FALSE(is_open(fd));
  socket.close();
  EXPECT_EQ(error_of([&] { socket.set_keepalive(true); }), EBADF);
}

TEST_F(NetSocket, TheDestructorCloses) {
  int fd = -1;
  {
    const Socket socket(AF_INET, SOCK_STREAM);
    fd = socket.fileno();
  }
  EXPECT_FALSE(is_open(fd));
}

TEST_F(NetSocket, MovingTakesTheDescriptorAlong) {
  Socket first(AF_INET, SOCK_STREAM);
  first.set_timeout(5s);
  const int fd = first.fileno();
  Socket second(std::move(first));
  EXPECT_FALSE(first.is_open());  // NOLINT(bugprone-use-after-move): what is asked
  EXPECT_EQ(second.fileno(), fd);
  EXPECT_EQ(second.timeout(), 5s);
  Socket third(AF_INET, SOCK_DGRAM);
  const int other = third.fileno();
  third = std::move(second);
  EXPECT_FALSE(is_open(other));
  EXPECT_EQ(third.fileno(), fd);
}

TEST_F(NetSocket, FromFdTakesOverADescriptor) {
  int ends[2] = {};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  StreamSocket mine(Socket::from_fd(ends[0]));
  StreamSocket yours(Socket::from_fd(ends[1]));
  const auto reader = spawn([&] {
    char room[8] = {};
    return std::string(room, mine.read_some(room));
  });
  weft::yield();
  yours.write_all("hello");
  EXPECT_EQ(reader.get(), "hello");
}

TEST_F(NetSocket, FromFdRefusesWhatIsNoSocket) {
  const int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  EXPECT_EQ(error_of([&] { Socket::from_fd(file); }), ENOTSOCK);
  EXPECT_EQ(error_of([&] { Socket::from_fd(-1); }), EBADF);
  EXPECT_TRUE(is_open(file));
  ::close(file);
}

TEST_F(NetSocket, ReleaseGivesTheDescriptorAway) {
  auto [a, b] = tcp_pair();
  const int fd = a.release();
  EXPECT_FALSE(a.is_open());
  EXPECT_EQ(::send(fd, "x", 1, 0), 1);
  ::close(fd);
  EXPECT_EQ(read_rest(b), "x");
  EXPECT_EQ(a.release(), -1);
}

TEST_F(NetSocket, ReleaseAfterCloseGivesNothingAway) {
  auto [a, b] = tcp_pair();
  const int fd = a.fileno();
  const auto reader = spawn([&a = a] {
    char room[1];
    return error_of([&] { static_cast<void>(a.read_some(room)); });
  });
  weft::yield();
  a.close();
  EXPECT_EQ(a.release(), -1);
  EXPECT_EQ(reader.get(), EBADF);
  EXPECT_FALSE(is_open(fd));
}

TEST_F(NetSocket, DupIsTheSameSocket) {
  auto [a, b] = tcp_pair();
  StreamSocket copy(a.dup());
  EXPECT_NE(copy.fileno(), a.fileno());
  EXPECT_EQ(copy.local_address(), a.local_address());
  a.close();
  copy.write_all("x");
  copy.close();
  EXPECT_EQ(read_rest(b), "x");
}

TEST_F(NetSocket, AddressesAreThoseOfBothEnds) {
  auto [a, b] = tcp_pair();
  EXPECT_EQ(a.local_address(), b.remote_address());
  EXPECT_EQ(b.local_address(), a.remote_address());
  const Socket alone(AF_INET, SOCK_STREAM);
  EXPECT_EQ(error_of([&] { static_cast<void>(alone.remote_address()); }), ENOTCONN);
}

TEST_F(NetSocket, OptionsAreSet) {
  auto [a, b] = tcp_pair();
  a.set_nodelay(true);
  a.set_keepalive(true);
  a.set_reuse_address(true);
  a.set_reuse_port(true);
  EXPECT_NE(a.option(IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(a.option(SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_NE(a.option(SOL_SOCKET, SO_REUSEADDR), 0);
  EXPECT_NE(a.option(SOL_SOCKET, SO_REUSEPORT), 0);
  EXPECT_EQ(error_of([&] { a.set_option(SOL_SOCKET, 9999, 1); }), ENOPROTOOPT);
}

TEST_F(NetSocket, NodelayOfAListenerIsThatOfItsConnections) {
  TcpListener listener(Address::loopback(), {.nodelay = true});
  const TcpStream client = TcpStream::connect(listener.local_address());
  EXPECT_NE(listener.accept().option(IPPROTO_TCP, TCP_NODELAY), 0);
}

TEST_F(NetSocket, SettimeoutEndsWaitsWithEtimedout) {
  auto [a, b] = tcp_pair();
  EXPECT_EQ(a.timeout(), std::nullopt);
  a.set_timeout(3ms);
  char room[1] = {};
  const Stopwatch watch;
  EXPECT_EQ(error_of([&] { static_cast<void>(a.read_some(room)); }), ETIMEDOUT);
  EXPECT_GE(watch.elapsed(), 3ms);
  b.write_all("x");
  EXPECT_EQ(a.read_some(room), 1U);
  a.clear_timeout();
  EXPECT_EQ(a.timeout(), std::nullopt);
}

TEST_F(NetSocket, CloseByAnotherFiberEndsWaitsWithEbadf) {
  auto [a, b] = tcp_pair();
  const int fd = a.fileno();
  std::vector<Fiber<int>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(spawn([&] {
      char room[1] = {};
      return error_of([&] { static_cast<void>(a.read_some(room)); });
    }));
  }
  weft::yield();
  a.close();
  for (const auto& waiter : waiters) {
    EXPECT_EQ(waiter.get(), EBADF);
  }
  EXPECT_FALSE(is_open(fd));
  EXPECT_EQ(read_rest(b), "");
}

TEST_F(NetSocket, TheNumberIsNotGivenBackWhileACallIsInIt) {
  auto [a, b] = tcp_pair();
  const int fd = a.fileno();
  const auto waiter = spawn([&] {
    char room[1] = {};
    return error_of([&] { static_cast<void>(a.read_some(room)); });
  });
  weft::yield();
  a.close();
  EXPECT_TRUE(is_open(fd)) << "the waiter has not run yet";
  EXPECT_EQ(waiter.get(), EBADF);
  EXPECT_FALSE(is_open(fd));
}

TEST_F(NetSocket, CloseReachesThreadsWithoutFibers) {
  TcpListener listener(Address::loopback());
  std::atomic<bool> begun = false;
  std::atomic<int> result = -1;
  std::thread thread([&] {
    begun = true;
    result = error_of([&] { static_cast<void>(listener.accept()); });
  });
  while (!begun) {
    weft::yield();
  }
  listener.close();
  thread.join();
  EXPECT_EQ(result, EBADF);
}

TEST_F(NetSocket, AReusedNumberIsNotTheOldOne) {
  for (int life = 0; life < 5; ++life) {
    auto [a, b] = tcp_pair();
    const auto reader = spawn([&a = a] {
      char room[8] = {};
      return a.read_some(room);
    });
    weft::yield();
    EXPECT_FALSE(reader.ready());
    b.write_all("xyz");
    EXPECT_EQ(reader.get(), 3U);
  }
}

TEST_F(NetSocket, CancelWaitEndsCallsWithEcanceled) {
  auto [a, b] = tcp_pair();
  const auto waiter = spawn([&a = a] {
    char room[1] = {};
    return error_of([&] { static_cast<void>(a.read_some(room)); });
  });
  weft::idle();  // it waits: not before its turn, which a call may give away
  cancel_wait(a.fileno());
  EXPECT_EQ(waiter.get(), ECANCELED);
}

TEST_F(NetSocket, ATimeoutOfTheScopeEndsACall) {
  auto [a, b] = tcp_pair();
  char room[1] = {};
  {
    Timeout limit(2ms);
    EXPECT_THROW(static_cast<void>(a.read_some(room)), TimeoutError);
  }
  b.write_all("x");
  EXPECT_EQ(a.read_some(room), 1U);
}

TEST_F(NetSocket, KillEndsACall) {
  auto [a, b] = tcp_pair();
  TcpListener listener(Address::loopback());
  const auto reader = spawn([&a = a] {
    char room[1];
    static_cast<void>(a.read_some(room));
  });
  const auto acceptor = spawn([&] { static_cast<void>(listener.accept()); });
  weft::yield();
  reader.kill();
  acceptor.kill();
  EXPECT_TRUE(reader.was_killed());
  EXPECT_TRUE(acceptor.was_killed());
}

TEST_F(NetSocket, ShutdownEndsWaitsOfTheHalf) {
  auto [a, b] = tcp_pair();
  const auto reader = spawn([&a = a] {
    char room[1] = {};
    return a.read_some(room);
  });
  weft::yield();
  a.shutdown(Half::kRead);
  EXPECT_EQ(reader.get(), 0U);
  a.shutdown(Half::kWrite);
  EXPECT_EQ(read_rest(b), "");
}

TEST_F(NetSocket, SeveralReadersEachGetTheirPart) {
  auto [a, b] = tcp_pair();
  std::atomic<std::size_t> total = 0;
  Scheduler pool{.workers = 2};
  std::vector<Fiber<void>> readers;
  for (int i = 0; i < 4; ++i) {
    readers.push_back(pool.spawn([&a = a, &total] {
      char room[100];
      while (const std::size_t got = a.read_some(room)) {
        total += got;
      }
    }));
  }
  const std::string block(10'000, 'x');
  for (int i = 0; i < 10; ++i) {
    b.write_all(block);
  }
  b.close();
  EXPECT_TRUE(joinall(10s, readers));
  EXPECT_EQ(total, 100'000U);
}

TEST_F(NetSocket, ClosingWhileOthersCallIsSafe) {
  Scheduler pool{.workers = 2};
  for (int round = 0; round < 50; ++round) {
    auto [a, b] = tcp_pair();
    std::vector<Fiber<void>> callers;
    for (int i = 0; i < 3; ++i) {
      callers.push_back(pool.spawn([&a = a] {
        char room[16];
        error_of([&] {
          while (a.read_some(room) > 0) {
          }
        });
      }));
    }
    b.write_all("some bytes");
    a.close();
    EXPECT_TRUE(joinall(10s, callers));
  }
}

}  // namespace
}  // namespace weft::net
