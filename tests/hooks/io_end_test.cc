// tests/hooks/io_end_test.cc: how a connection ends, seen by the reader and by the writer.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

constexpr std::array kStreams{make_plain_pipe, make_unix_stream, make_tcp_pair};

class IgnoreBrokenPipe {
 public:
  IgnoreBrokenPipe() : before_(signal(SIGPIPE, SIG_IGN)) {}
  ~IgnoreBrokenPipe() { signal(SIGPIPE, before_); }
  IgnoreBrokenPipe(const IgnoreBrokenPipe&) = delete;
  IgnoreBrokenPipe& operator=(const IgnoreBrokenPipe&) = delete;

 private:
  sighandler_t before_;
};

// Closing sends RST instead of FIN.
void reset_connection(Fd* fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd->reset();
}

TEST(EndOfFile, WakesTheReader) {
  for (const auto make : kStreams) {
    Pair pair = make();
    char byte = 0;
    expect_others_run([&] { EXPECT_EQ(read(pair.near, &byte, 1), 0); }, [&] { pair.far.reset(); });
    EXPECT_EQ(read(pair.near, &byte, 1), 0) << "and stays";
  }
}

// Data and the end arrive together: the short read must not make the next one wait for more.
TEST(EndOfFile, FollowsDataThatCameWithIt) {
  for (const auto make : kStreams) {
    Pair pair = make();
    expect_others_run(
        [&] {
          EXPECT_EQ(read_some(pair.near), "last");
          EXPECT_EQ(read_some(pair.near), "");
        },
        [&] {
          pair.feed("last");
          pair.far.reset();
        });
  }
}

TEST(EndOfFile, FollowsDataThatWasThereBefore) {
  for (const auto make : kStreams) {
    Pair pair = make();
    pair.feed("first");
    EXPECT_EQ(read_some(pair.near), "first");
    pair.feed("last");
    pair.far.reset();
    EXPECT_EQ(read_some(pair.near), "last");
    EXPECT_EQ(read_some(pair.near), "");
  }
}

TEST(EndOfFile, AfterAShortReadThatFoundTheEndAlready) {
  for (const auto make : kStreams) {
    Pair pair = make();
    expect_others_run([&] { EXPECT_EQ(read_some(pair.near), "a"); }, [&] { pair.feed("a"); });
    pair.feed("bc");
    pair.far.reset();
    usleep(2000);
    EXPECT_EQ(read_some(pair.near, 4), "bc");
    EXPECT_EQ(read_some(pair.near, 4), "");
  }
}

TEST(HalfClose, ReaderSeesTheEndAndStillWrites) {
  for (const auto make : {make_unix_stream, make_tcp_pair}) {
    const Pair pair = make();
    expect_others_run([&] { EXPECT_EQ(read_some(pair.near), ""); },
                      [&] { EXPECT_EQ(shutdown(pair.far, SHUT_WR), 0); });
    EXPECT_EQ(write(pair.near, "still", 5), 5);
    EXPECT_EQ(read_some(pair.far), "still");
  }
}

TEST(HalfClose, OwnShutdownWakesTheReader) {
  for (const auto make : {make_unix_stream, make_tcp_pair}) {
    const Pair pair = make();
    expect_others_run([&] { EXPECT_EQ(read_some(pair.near), ""); },
                      [&] { EXPECT_EQ(shutdown(pair.near, SHUT_RD), 0); });
  }
}

TEST(HalfClose, OwnShutdownEndsAReadOfDatagrams) {
  for (const auto make : {make_unix_datagram, make_unix_packet, make_udp_pair}) {
    const Pair pair = make();
    expect_others_run([&] { EXPECT_EQ(read_some(pair.near), ""); },
                      [&] { EXPECT_EQ(shutdown(pair.near, SHUT_RD), 0); });
  }
}

// As the kernel: SIGPIPE is for who does not have to wait for the error.
TEST(HalfClose, OwnShutdownWakesTheWriterWithoutASignal) {
  struct sigaction before = {};
  ASSERT_EQ(sigaction(SIGPIPE, nullptr, &before), 0);
  signal(SIGPIPE, [](int /*signal*/) { ADD_FAILURE(); });
  const Pair pair = make_unix_stream();
  fill(pair.far);
  expect_others_run(
      [&] {
        EXPECT_EQ(write(pair.far, "x", 1), -1);
        EXPECT_EQ(errno, EPIPE);
      },
      [&] { EXPECT_EQ(shutdown(pair.far, SHUT_WR), 0); });
  EXPECT_EQ(sigaction(SIGPIPE, &before, nullptr), 0);
}

TEST(HalfClose, DataBeforeItIsReadFirst) {
  const Pair pair = make_tcp_pair();
  pair.feed("first");
  EXPECT_EQ(shutdown(pair.far, SHUT_WR), 0);
  EXPECT_EQ(read_some(pair.near, 3), "fir");
  EXPECT_EQ(read_some(pair.near), "st");
  EXPECT_EQ(read_some(pair.near), "");
}

TEST(BrokenPipe, IsAnErrorIfTheSignalIsIgnored) {
  const IgnoreBrokenPipe ignore;
  for (const auto make : {make_plain_pipe, make_unix_stream}) {
    Pair pair = make();
    pair.near.reset();
    errno = 0;
    EXPECT_EQ(write(pair.far, "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
  }
}

TEST(BrokenPipe, NoSignalIsPerCall) {
  const Pair pair = make_unix_stream();
  EXPECT_EQ(shutdown(pair.far, SHUT_WR), 0);
  EXPECT_EQ(send(pair.far, "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST(BrokenPipe, KillsAProgramThatDoesNotIgnoreIt) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    signal(SIGPIPE, SIG_DFL);
    Pair pair = make_pipe();
    pair.near.reset();
    if (write(pair.far, "x", 1) < 0) {
      _exit(1);
    }
    _exit(2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGPIPE);
}

TEST(BrokenPipe, WakesAWriterThatWaits) {
  const IgnoreBrokenPipe ignore;
  for (const auto make : {make_plain_pipe, make_unix_stream}) {
    Pair pair = make();
    fill(pair.far);
    std::array<char, 4096> block{};
    int error = 0;
    expect_others_run(
        [&] {
          EXPECT_EQ(write(pair.far, block.data(), block.size()), -1);
          error = errno;
        },
        [&] { pair.near.reset(); });
    // A unix socket that is closed with unread data resets its peer.
    EXPECT_EQ(error, make == make_plain_pipe ? EPIPE : ECONNRESET);
  }
}

// A count that was reached counts more than the error behind it; the next call reports that.
TEST(BrokenPipe, BytesTakenBeforeItAreReported) {
  const IgnoreBrokenPipe ignore;
  Pair pair = make_pipe();
  std::array<char, 1 << 20> block{};
  expect_others_run(
      [&] {
        const ssize_t taken = write(pair.far, block.data(), block.size());
        EXPECT_GT(taken, 0);
        EXPECT_LT(taken, static_cast<ssize_t>(block.size()));
        EXPECT_EQ(write(pair.far, block.data(), 1), -1);
        EXPECT_EQ(errno, EPIPE);
      },
      [&] { pair.near.reset(); });
}

TEST(ConnectionReset, WakesTheReaderWithTheError) {
  Pair pair = make_tcp_pair();
  char byte = 0;
  expect_others_run(
      [&] {
        EXPECT_EQ(read(pair.near, &byte, 1), -1);
        EXPECT_EQ(errno, ECONNRESET);
        EXPECT_EQ(read(pair.near, &byte, 1), 0) << "reported once";
      },
      [&] { reset_connection(&pair.far); });
}

TEST(ConnectionReset, WakesTheWriter) {
  const IgnoreBrokenPipe ignore;
  Pair pair = make_tcp_pair();
  fill(pair.near);
  std::array<char, 65536> block{};
  expect_others_run(
      [&] {
        EXPECT_EQ(write(pair.near, block.data(), block.size()), -1);
        EXPECT_EQ(errno, ECONNRESET);
      },
      [&] { reset_connection(&pair.far); });
}

TEST(UrgentData, IsReadOutOfBand) {
  const Pair pair = make_tcp_pair();
  pair.feed("ab");
  EXPECT_EQ(send(pair.far, "!", 1, MSG_OOB), 1);
  pollfd entry{.fd = pair.near, .events = POLLPRI, .revents = 0};
  EXPECT_EQ(poll(&entry, 1, 1000), 1);
  char urgent = 0;
  EXPECT_EQ(recv(pair.near, &urgent, 1, MSG_OOB), 1);
  EXPECT_EQ(urgent, '!');
  EXPECT_EQ(read_some(pair.near), "ab");
}

TEST(UrgentData, OutOfBandReadDoesNotWait) {
  const Pair pair = make_tcp_pair();
  char urgent = 0;
  EXPECT_EQ(recv(pair.near, &urgent, 1, MSG_OOB), -1);
  EXPECT_EQ(errno, EINVAL);
}

// The mark divides the stream: the read before it is short although more has arrived.
TEST(UrgentData, ReadStopsAtTheMark) {
  const Pair pair = make_tcp_pair();
  pair.feed("ab");
  EXPECT_EQ(send(pair.far, "!", 1, MSG_OOB), 1);
  pair.feed("cd");
  EXPECT_EQ(read_some(pair.near), "ab");
  EXPECT_EQ(read_some(pair.near), "cd");
}

}  // namespace
}  // namespace weft::test
