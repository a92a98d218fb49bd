// tests/hooks/fd_lifetime_test.cc: a number is closed, and means something else afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// Lets a thread block in a read, so that the number is known to be waited on, and gives it data.
void wait_on(const Pair& pair) {
  expect_others_run([&] { EXPECT_EQ(read_some(pair.near), "x"); }, [&] { pair.feed("x"); });
}

// Makes a pair whose near end has the number `fd`, which must be free or may be replaced.
Pair move_to(Pair pair, int fd) {
  if (pair.near != fd) {
    EXPECT_EQ(dup2(pair.near, fd), fd);
    pair.near = Fd(fd);
  }
  return pair;
}

// Natively the read goes on. A fiber that waits for a number that is gone would wait for ever: weft
// ends it with EBADF, a documented deviation.
TEST(Close, EndsAReadOfTheSameNumber) {
  for (const auto make : {make_plain_pipe, make_unix_stream, make_tcp_pair}) {
    Pair pair = make();
    const int number = pair.near;
    ssize_t result = 0;
    int error = 0;
    expect_others_run(
        [&] {
          char byte = 0;
          result = read(number, &byte, 1);
          error = errno;
        },
        [&] {
          EXPECT_EQ(close(pair.near.release()), 0);
          if (!expecting_fibers()) {
            signal(SIGPIPE, SIG_IGN);
            pair.feed("n");
          }
        });
    if (expecting_fibers()) {
      EXPECT_EQ(result, -1);
      EXPECT_EQ(error, EBADF);
    } else {
      EXPECT_EQ(result, 1);
    }
  }
}

TEST(Close, TwiceIsAnError) {
  Pair pair = make_pipe();
  const int number = pair.near.release();
  EXPECT_EQ(close(number), 0);
  EXPECT_EQ(close(number), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST(Reuse, EveryKindAfterEveryOther) {
  constexpr int kNumber = 200;
  constexpr std::array kMakers{make_plain_pipe, make_unix_stream, make_tcp_pair, make_unix_datagram,
                               make_udp_pair};
  for (const auto before : kMakers) {
    for (const auto after : kMakers) {
      {
        const Pair pair = move_to(before(), kNumber);
        wait_on(pair);
      }
      const Pair pair = move_to(after(), kNumber);
      wait_on(pair);
      wait_on(pair);
    }
  }
}

TEST(Reuse, LowestNumberIsTakenAgain) {
  Pair first = make_pipe();
  const int number = first.near;
  wait_on(first);
  first.near.reset();
  const Pair second = make_unix_stream();
  EXPECT_EQ(second.near, number);
  wait_on(second);
}

// Inside libc, past any hook of close(): the new owner of the number must not inherit its state.
TEST(Reuse, AfterFclose) {
  Pair first = make_pipe();
  const int number = first.near;
  wait_on(first);
  FILE* const file = fdopen(first.near.release(), "r");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(fclose(file), 0);
  const Pair second = make_tcp_pair();
  const Pair moved = move_to(Pair{Fd(dup(second.near)), Fd(dup(second.far))}, number);
  wait_on(moved);
}

TEST(Reuse, AfterPclose) {
  FILE* const file = popen("sleep 0.1; echo from the shell", "r");
  ASSERT_NE(file, nullptr);
  const int number = fileno(file);
  expect_others_run([&] { EXPECT_EQ(read_some(number), "from the shell\n"); }, [] {});
  EXPECT_EQ(pclose(file), 0);
  const Pair pair = move_to(make_unix_stream(), number);
  wait_on(pair);
}

TEST(Reuse, AfterAForkedChildClosedItsCopy) {
  const Pair pair = make_pipe();
  wait_on(pair);
  FILE* const file = popen("true", "r");
  EXPECT_EQ(pclose(file), 0);
  wait_on(pair);
}

// Natively the read goes on with the old file, which then gives it data. Under weft: EBADF.
TEST(Dup2, OverANumberThatIsWaitedOn) {
  Pair first = make_pipe();
  const Pair second = make_unix_stream();
  const int number = first.near;
  ssize_t result = 0;
  int error = 0;
  expect_others_run(
      [&] {
        char byte = 0;
        result = read(number, &byte, 1);
        error = errno;
      },
      [&] {
        EXPECT_EQ(dup2(second.near, number), number);
        if (!expecting_fibers()) {
          signal(SIGPIPE, SIG_IGN);
          first.feed("n");
        }
      });
  if (expecting_fibers()) {
    EXPECT_EQ(result, -1);
    EXPECT_EQ(error, EBADF);
  }
  expect_others_run([&] { EXPECT_EQ(read_some(number), "new"); }, [&] { second.feed("new"); });
}

TEST(Dup, EveryDuplicateReadsTheSameFile) {
  const Pair pair = make_tcp_pair();
  wait_on(pair);
  const Fd by_dup(dup(pair.near));
  const Fd by_dup2(dup2(pair.near, 210));
  const Fd by_dup3(dup3(pair.near, 211, O_CLOEXEC));
  const Fd by_fcntl(fcntl(pair.near, F_DUPFD, 212));
  EXPECT_EQ(by_dup2, 210);
  EXPECT_EQ(by_dup3, 211);
  EXPECT_EQ(fcntl(by_dup3, F_GETFD), FD_CLOEXEC);
  EXPECT_GE(by_fcntl, 212);
  for (const int fd : {int(by_dup), int(by_dup2), int(by_dup3), int(by_fcntl)}) {
    expect_others_run([&] { EXPECT_EQ(read_some(fd), "d"); }, [&] { pair.feed("d"); });
  }
}

TEST(Dup, OutlivesTheOriginal) {
  Pair pair = make_tcp_pair();
  wait_on(pair);
  const Fd twin(dup(pair.near));
  pair.near.reset();
  expect_others_run([&] { EXPECT_EQ(read_some(twin), "d"); }, [&] { pair.feed("d"); });
}

TEST(Dup, OriginalOutlivesTheDuplicateThatWaited) {
  const Pair pair = make_tcp_pair();
  Fd twin(dup(pair.near));
  expect_others_run([&] { EXPECT_EQ(read_some(twin), "d"); }, [&] { pair.feed("d"); });
  twin.reset();
  wait_on(pair);
}

TEST(Dup, Errors) {
  const Pair pair = make_pipe();
  EXPECT_EQ(dup(-1), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(dup2(999, 5), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(dup2(pair.near, pair.near), pair.near);
  EXPECT_EQ(dup3(pair.near, pair.near, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(CloseRange, NumbersCanBeUsedAgain) {
  {
    Pair pair = move_to(make_pipe(), 220);
    wait_on(pair);
    EXPECT_EQ(close_range(220, 220, 0), 0);
    EXPECT_EQ(pair.near.release(), 220);
  }
  EXPECT_EQ(fcntl(220, F_GETFD), -1);
  const Pair pair = move_to(make_unix_stream(), 220);
  wait_on(pair);
}

TEST(CloseRange, CloseOnExecLeavesThemOpen) {
  const Pair pair = move_to(make_pipe(), 221);
  EXPECT_EQ(close_range(221, 221, CLOSE_RANGE_CLOEXEC), 0);
  EXPECT_EQ(fcntl(221, F_GETFD), FD_CLOEXEC);
  wait_on(pair);
}

// Loops that close "everything" before an exec reach numbers that the program never opened.
TEST(CloseRange, ClosingAllHighNumbersDoesNotHurt) {
  const Pair pair = make_pipe();
  wait_on(pair);
  EXPECT_EQ(close_range(300, ~0U, 0), 0);
  for (int fd = 300; fd < 2000; ++fd) {
    close(fd);
  }
  wait_on(pair);
  usleep(1000);
}

}  // namespace
}  // namespace weft::test
