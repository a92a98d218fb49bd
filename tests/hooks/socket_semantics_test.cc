// tests/hooks/socket_semantics_test.cc: the cases in which coroutine libraries differ from a
// blocking socket.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

bool shows_nonblocking(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

// What another process that shares the file description sees.
bool shows_nonblocking_to_child(int fd) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(static_cast<int>(syscall(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK) != 0 ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status) != 0;
}

TEST(SocketSemantics, ReceiveTimeoutOf300Milliseconds) {
  const Pair pair = make_unix_stream();
  set_timeout(pair.near, SO_RCVTIMEO, 300);
  char byte = 0;
  const Stopwatch watch;
  errno = 0;
  EXPECT_EQ(read(pair.near, &byte, 1), -1);
  EXPECT_EQ(errno, EAGAIN);
  watch.expect(milliseconds(300));
}

TEST(SocketSemantics, ReceiveTimeoutSetThroughADuplicateCounts) {
  const Pair pair = make_unix_stream();
  const Fd twin(dup(pair.near));
  set_timeout(twin, SO_RCVTIMEO, 60);
  char byte = 0;
  const Stopwatch watch;
  EXPECT_EQ(recv(pair.near, &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
  watch.expect(milliseconds(60));
}

TEST(SocketSemantics, SendTimeoutReturnsWhatWasTaken) {
  const Pair pair = make_unix_stream();
  set_timeout(pair.near, SO_SNDTIMEO, 100);
  const std::vector<char> data(8 << 20);
  const Stopwatch watch;
  const ssize_t sent = write(pair.near, data.data(), data.size());
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, static_cast<ssize_t>(data.size()));
  watch.expect(milliseconds(100));
  EXPECT_EQ(write(pair.near, data.data(), data.size()), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(SocketSemantics, NonblockingSocketAnswersAtOnce) {
  const Pair pair = make_socket_pair(SOCK_STREAM | SOCK_NONBLOCK);
  char byte = 0;
  const Stopwatch watch;
  EXPECT_EQ(recv(pair.near, &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(read(pair.near, &byte, 1), -1);
  EXPECT_EQ(errno, EAGAIN);
  watch.expect(nanoseconds(0));
  EXPECT_TRUE(shows_nonblocking(pair.near));
}

TEST(SocketSemantics, DontWaitAnswersAtOnce) {
  const Pair pair = make_unix_stream();
  char byte = 0;
  const Stopwatch watch;
  EXPECT_EQ(recv(pair.near, &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
  fill(pair.far);
  const std::array<char, 4096> block{};
  EXPECT_EQ(send(pair.far, block.data(), block.size(), MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
  watch.expect(nanoseconds(0));
}

TEST(SocketSemantics, BlockingReadLeavesTheFlagsAlone) {
  for (const auto make : {make_unix_stream, make_tcp_pair, make_plain_pipe, make_udp_pair}) {
    const Pair pair = make();
    EXPECT_FALSE(shows_nonblocking(pair.near));
    expect_others_run([&] { EXPECT_EQ(read_some(pair.near), "x"); },
                      [&] {
                        EXPECT_FALSE(shows_nonblocking(pair.near));
                        EXPECT_FALSE(shows_nonblocking_to_child(pair.near));
                        pair.feed("x");
                      });
    EXPECT_FALSE(shows_nonblocking(pair.near));
    EXPECT_FALSE(shows_nonblocking(pair.far));
  }
}

TEST(SocketSemantics, BlockingWriteLeavesTheFlagsAlone) {
  for (const auto make : {make_unix_stream, make_tcp_pair, make_plain_pipe}) {
    const Pair pair = make();
    fill(pair.far);
    const std::array<char, 4096> block{};
    expect_others_run([&] { EXPECT_EQ(write(pair.far, block.data(), block.size()), 4096); },
                      [&] {
                        EXPECT_FALSE(shows_nonblocking(pair.far));
                        EXPECT_FALSE(shows_nonblocking_to_child(pair.far));
                        drain(pair.near);
                      });
    EXPECT_FALSE(shows_nonblocking(pair.far));
  }
}

TEST(SocketSemantics, PollOfANegativeDescriptorSleeps) {
  pollfd nothing{.fd = -1, .events = POLLIN, .revents = 77};
  const Stopwatch watch;
  EXPECT_EQ(poll(&nothing, 1, 200), 0);
  watch.expect(milliseconds(200));
  EXPECT_EQ(nothing.revents, 0);
}

TEST(SocketSemantics, PollOfAnEmptyEventfdTimesOut) {
  const Fd event(eventfd(0, 0));
  pollfd entry{.fd = event, .events = POLLIN, .revents = 0};
  const Stopwatch watch;
  EXPECT_EQ(poll(&entry, 1, 200), 0);
  watch.expect(milliseconds(200));
}

TEST(SocketSemantics, BlockingWriteOf8MiBGoesWhole) {
  constexpr std::size_t kSize = 8 << 20;
  for (const auto make : {make_unix_stream, make_tcp_pair, make_plain_pipe}) {
    const Pair pair = make();
    const std::vector<char> data(kSize, 'w');
    std::size_t received = 0;
    Thread reader([&] {
      std::vector<char> part(256 << 10);
      while (received < kSize) {
        usleep(200);
        const ssize_t n = read(pair.near, part.data(), part.size());
        ASSERT_GT(n, 0);
        received += static_cast<std::size_t>(n);
      }
    });
    EXPECT_EQ(write(pair.far, data.data(), data.size()), 8388608);
    reader.join();
    EXPECT_EQ(received, kSize);
  }
}

TEST(SocketSemantics, WaitAllCollectsBothHalves) {
  const Pair pair = make_unix_stream();
  std::array<char, 9> data{};
  pair.feed("abcd");
  expect_others_run([&] { EXPECT_EQ(recv(pair.near, data.data(), 8, MSG_WAITALL), 8); },
                    [&] { pair.feed("efgh"); });
  EXPECT_STREQ(data.data(), "abcdefgh");
}

TEST(SocketSemantics, WaitAllIsShortAtTheEnd) {
  Pair pair = make_tcp_pair();
  std::array<char, 9> data{};
  pair.feed("abcd");
  expect_others_run([&] { EXPECT_EQ(recv(pair.near, data.data(), 8, MSG_WAITALL), 4); },
                    [&] { pair.far.reset(); });
}

TEST(SocketSemantics, DuplicateWithCloseOnExec) {
  const Pair pair = make_unix_stream();
  const Fd twin(fcntl(pair.near, F_DUPFD_CLOEXEC, 100));
  EXPECT_GE(twin, 100);
  EXPECT_EQ(fcntl(twin, F_GETFD), FD_CLOEXEC);
  pair.feed("x");
  EXPECT_EQ(read_some(twin), "x");
}

TEST(SocketSemantics, OpenFileDescriptionLocks) {
  const Fd file(open("/tmp", O_TMPFILE | O_RDWR, 0600));
  ASSERT_GE(file, 0);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  EXPECT_EQ(fcntl(file, F_OFD_SETLK, &lock), 0);
  lock.l_type = F_UNLCK;
  EXPECT_EQ(fcntl(file, F_OFD_SETLK, &lock), 0);
}

// IPV6_JOIN_GROUP has the number of SO_RCVTIMEO, at another level.
TEST(SocketSemantics, JoinsAnIpv6Group) {
  const Fd fd(socket(AF_INET6, SOCK_DGRAM, 0));
  const Fd other(socket(AF_INET6, SOCK_DGRAM, 0));
  if (fd < 0) {
    GTEST_SKIP() << "no IPv6 here";
  }
  ipv6_mreq request{};
  request.ipv6mr_multiaddr.s6_addr[0] = 0xff;
  request.ipv6mr_multiaddr.s6_addr[1] = 0x02;
  request.ipv6mr_multiaddr.s6_addr[15] = 1;
  request.ipv6mr_interface = if_nametoindex("lo");
  const auto expected = syscall(SYS_setsockopt, static_cast<int>(other), IPPROTO_IPV6,
                                IPV6_JOIN_GROUP, &request, sizeof request);
  EXPECT_EQ(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request), expected);
}

TEST(SocketSemantics, SleepsOf1500MicrosecondsAreNeitherEarlyNorCut) {
  const timespec length{.tv_sec = 0, .tv_nsec = 1'500'000};
  for (int round = 0; round < 5; ++round) {
    const Stopwatch first;
    EXPECT_EQ(usleep(1500), 0);
    first.expect(microseconds(1500));
    const Stopwatch second;
    EXPECT_EQ(nanosleep(&length, nullptr), 0);
    second.expect(microseconds(1500));
  }
}

}  // namespace
}  // namespace weft::test
