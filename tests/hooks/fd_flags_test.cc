// tests/hooks/fd_flags_test.cc: O_NONBLOCK belongs to the program, and to the file description.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string>

#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

bool answers_at_once(int fd) {
  char byte = 0;
  errno = 0;
  return read(fd, &byte, 1) == -1 && errno == EAGAIN;
}

void expect_blocks(const Pair& pair) {
  expect_others_run([&] { EXPECT_EQ(read_some(pair.near), "x"); }, [&] { pair.feed("x"); });
}

TEST(Nonblock, SetAndClearedByFcntl) {
  for (const auto make : {make_plain_pipe, make_unix_stream, make_tcp_pair}) {
    const Pair pair = make();
    expect_blocks(pair);
    const int flags = fcntl(pair.near, F_GETFL);
    EXPECT_EQ(fcntl(pair.near, F_SETFL, flags | O_NONBLOCK), 0);
    EXPECT_EQ(fcntl(pair.near, F_GETFL), flags | O_NONBLOCK);
    EXPECT_TRUE(answers_at_once(pair.near));
    EXPECT_EQ(fcntl(pair.near, F_SETFL, flags), 0);
    EXPECT_EQ(fcntl(pair.near, F_GETFL), flags);
    expect_blocks(pair);
  }
}

TEST(Nonblock, SetAndClearedByIoctl) {
  const Pair pair = make_tcp_pair();
  expect_blocks(pair);
  int on = 1;
  EXPECT_EQ(ioctl(pair.near, FIONBIO, &on), 0);
  EXPECT_TRUE(answers_at_once(pair.near));
  EXPECT_NE(fcntl(pair.near, F_GETFL) & O_NONBLOCK, 0);
  on = 0;
  EXPECT_EQ(ioctl(pair.near, FIONBIO, &on), 0);
  expect_blocks(pair);
}

TEST(Nonblock, SetOnADuplicateHoldsForTheOriginal) {
  for (const auto make : {make_plain_pipe, make_tcp_pair}) {
    const Pair pair = make();
    expect_blocks(pair);
    const Fd twin(dup(pair.near));
    EXPECT_EQ(fcntl(twin, F_SETFL, O_NONBLOCK), 0);
    EXPECT_TRUE(answers_at_once(pair.near));
    EXPECT_TRUE(answers_at_once(twin));
    EXPECT_NE(fcntl(pair.near, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(fcntl(pair.near, F_SETFL, 0), 0);
    expect_blocks(pair);
    expect_others_run([&] { EXPECT_EQ(read_some(twin), "x"); }, [&] { pair.feed("x"); });
  }
}

TEST(Nonblock, SetWhenTheDescriptorWasMade) {
  const Pair pipe = make_pipe(O_NONBLOCK);
  EXPECT_TRUE(answers_at_once(pipe.near));
  const Fd event(eventfd(0, EFD_NONBLOCK));
  eventfd_t value = 0;
  EXPECT_EQ(eventfd_read(event, &value), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Nonblock, FullPipeTakesAPart) {
  const Pair pair = make_pipe(O_NONBLOCK);
  const std::string data(1 << 20, 'w');
  const ssize_t taken = write(pair.far, data.data(), data.size());
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, 1 << 20);
  EXPECT_EQ(write(pair.far, data.data(), data.size()), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Nonblock, OtherFlagsAreKept) {
  const Fd file(open("/tmp", O_TMPFILE | O_RDWR, 0600));
  const int flags = fcntl(file, F_GETFL);
  EXPECT_EQ(fcntl(file, F_SETFL, flags | O_APPEND | O_NONBLOCK), 0);
  EXPECT_EQ(fcntl(file, F_GETFL), flags | O_APPEND | O_NONBLOCK);
}

TEST(Fcntl, OtherCommandsPassThrough) {
  const Pair pair = make_pipe();
  EXPECT_GE(fcntl(pair.far, F_SETPIPE_SZ, 8192), 8192);
  EXPECT_GE(fcntl(pair.far, F_GETPIPE_SZ), 8192);
  EXPECT_EQ(fcntl(pair.near, F_SETFD, FD_CLOEXEC), 0);
  EXPECT_EQ(fcntl(pair.near, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(pair.near, 9999), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(fcntl(-1, F_GETFL), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST(Ioctl, BytesWaiting) {
  const Pair pair = make_unix_stream();
  pair.feed("four");
  int waiting = 0;
  EXPECT_EQ(ioctl(pair.near, FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 4);
}

}  // namespace
}  // namespace weft::test
