// tests/hooks/select_test.cc: select and pselect.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

fd_set set_of(int fd) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  return set;
}

TEST(Select, LetsOthersRunUntilDataComes) {
  for (const auto make : {make_plain_pipe, make_unix_stream, make_tcp_pair, make_udp_pair}) {
    const Pair pair = make();
    fd_set readers = set_of(pair.near);
    expect_others_run(
        [&] { EXPECT_EQ(select(pair.near + 1, &readers, nullptr, nullptr, nullptr), 1); },
        [&] { pair.feed("x"); });
    EXPECT_TRUE(FD_ISSET(pair.near, &readers));
  }
}

TEST(Select, LetsOthersRunUntilThereIsRoom) {
  const Pair pair = make_unix_stream();
  fill(pair.far);
  fd_set writers = set_of(pair.far);
  expect_others_run(
      [&] { EXPECT_EQ(select(pair.far + 1, nullptr, &writers, nullptr, nullptr), 1); },
      [&] { drain(pair.near); });
  EXPECT_TRUE(FD_ISSET(pair.far, &writers));
}

TEST(Select, UrgentDataIsAnException) {
  const Pair pair = make_tcp_pair();
  fd_set exceptions = set_of(pair.near);
  expect_others_run(
      [&] { EXPECT_EQ(select(pair.near + 1, nullptr, nullptr, &exceptions, nullptr), 1); },
      [&] { EXPECT_EQ(send(pair.far, "!", 1, MSG_OOB), 1); });
  EXPECT_TRUE(FD_ISSET(pair.near, &exceptions));
}

TEST(Select, CountsTheBitsOfAllSets) {
  const Pair pair = make_unix_stream();
  pair.feed("x");
  fd_set readers = set_of(pair.near);
  fd_set writers = set_of(pair.near);
  FD_SET(pair.far, &readers);
  const int most = std::max<int>(pair.near, pair.far) + 1;
  EXPECT_EQ(select(most, &readers, &writers, nullptr, nullptr), 2);
  EXPECT_FALSE(FD_ISSET(pair.far, &readers));
}

TEST(Select, TimeoutClearsTheSetsAndLeavesNoTime) {
  const Pair pair = make_pipe();
  fd_set readers = set_of(pair.near);
  timeval timeout{.tv_sec = 0, .tv_usec = 40'000};
  const Stopwatch watch;
  EXPECT_EQ(select(pair.near + 1, &readers, nullptr, nullptr, &timeout), 0);
  watch.expect(milliseconds(40));
  EXPECT_FALSE(FD_ISSET(pair.near, &readers));
  EXPECT_EQ(timeout.tv_sec, 0);
  EXPECT_EQ(timeout.tv_usec, 0);
}

// Linux writes back what is left; programs of the kind `while (select(...))` depend on it.
TEST(Select, RemainingTimeIsWrittenBack) {
  const Pair pair = make_pipe();
  fd_set readers = set_of(pair.near);
  timeval timeout{.tv_sec = 10, .tv_usec = 0};
  expect_others_run(
      [&] { EXPECT_EQ(select(pair.near + 1, &readers, nullptr, nullptr, &timeout), 1); },
      [&] { pair.feed("x"); });
  EXPECT_EQ(timeout.tv_sec, 9);
  EXPECT_GT(timeout.tv_usec, 0);
}

TEST(Select, ZeroTimeoutDoesNotBlock) {
  const Pair pair = make_pipe();
  fd_set readers = set_of(pair.near);
  timeval zero{};
  const Stopwatch watch;
  EXPECT_EQ(select(pair.near + 1, &readers, nullptr, nullptr, &zero), 0);
  watch.expect(nanoseconds(0));
}

TEST(Select, NoDescriptorsSleeps) {
  timeval timeout{.tv_sec = 0, .tv_usec = 30'500};
  const Stopwatch watch;
  EXPECT_EQ(select(0, nullptr, nullptr, nullptr, &timeout), 0);
  watch.expect(microseconds(30'500));
}

TEST(Select, ErrorLeavesTheSetsUntouched) {
  const Pair pair = make_pipe();
  fd_set readers = set_of(pair.near);
  const int closed = Fd(dup(pair.near));
  FD_SET(closed, &readers);
  EXPECT_EQ(select(closed + 1, &readers, nullptr, nullptr, nullptr), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_TRUE(FD_ISSET(pair.near, &readers));
  EXPECT_TRUE(FD_ISSET(closed, &readers));
}

TEST(Select, BadArguments) {
  timeval timeout{.tv_sec = -1, .tv_usec = 0};
  EXPECT_EQ(select(0, nullptr, nullptr, nullptr, &timeout), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(select(-1, nullptr, nullptr, nullptr, nullptr), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(Select, NumbersBeyondTheCountAreNotLookedAt) {
  const Pair pair = make_pipe();
  pair.feed("x");
  fd_set readers = set_of(pair.near);
  timeval zero{};
  EXPECT_EQ(select(pair.near, &readers, nullptr, nullptr, &zero), 0);
}

TEST(Select, EndOfFileAndFilesAreReadable) {
  Pair pair = make_unix_stream();
  const Fd file(open("/tmp", O_TMPFILE | O_RDWR, 0600));
  fd_set readers = set_of(pair.near);
  expect_others_run(
      [&] { EXPECT_EQ(select(pair.near + 1, &readers, nullptr, nullptr, nullptr), 1); },
      [&] { pair.far.reset(); });
  fd_set files = set_of(file);
  EXPECT_EQ(select(file + 1, &files, nullptr, nullptr, nullptr), 1);
}

TEST(Pselect, LetsOthersRunAndKeepsItsTimeout) {
  const Pair pair = make_pipe();
  fd_set readers = set_of(pair.near);
  const timespec timeout{.tv_sec = 10, .tv_nsec = 0};
  expect_others_run(
      [&] { EXPECT_EQ(pselect(pair.near + 1, &readers, nullptr, nullptr, &timeout, nullptr), 1); },
      [&] { pair.feed("x"); });
  EXPECT_EQ(timeout.tv_sec, 10);
  EXPECT_TRUE(FD_ISSET(pair.near, &readers));
}

TEST(Pselect, TimeoutIsNeverEarly) {
  const timespec timeout{.tv_sec = 0, .tv_nsec = 12'345'678};
  const Stopwatch watch;
  EXPECT_EQ(pselect(0, nullptr, nullptr, nullptr, &timeout, nullptr), 0);
  watch.expect(nanoseconds(12'345'678));
}

TEST(Pselect, RefusesABadTimeout) {
  const timespec bad{.tv_sec = 0, .tv_nsec = -1};
  EXPECT_EQ(pselect(0, nullptr, nullptr, nullptr, &bad, nullptr), -1);
  EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace weft::test
