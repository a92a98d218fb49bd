// tests/hooks/io_error_test.cc: arguments that libc refuses, and reads of nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <vector>

#include "tests/support/pairs.h"

namespace weft::test {
namespace {

// Fails if `result` is not -1 with this errno; to be read together with the call.
void expect_error(int expected, ssize_t result) {
  EXPECT_EQ(result, -1);
  EXPECT_EQ(errno, expected);
}

constexpr int kNotOpen = 999;

// Not constants, so that the compiler does not know that the calls below must fail.
volatile int minus_one = -1;
volatile std::uintptr_t nowhere_address = 16;

TEST(IoErrors, DescriptorThatIsNotOpen) {
  std::array<char, 4> data{};
  iovec part{data.data(), data.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  for (const int fd : {-1, kNotOpen, INT_MAX}) {
    expect_error(EBADF, read(fd, data.data(), 4));
    expect_error(EBADF, readv(fd, &part, 1));
    expect_error(EBADF, recv(fd, data.data(), 4, 0));
    expect_error(EBADF, recvmsg(fd, &message, 0));
    expect_error(EBADF, write(fd, data.data(), 4));
    expect_error(EBADF, writev(fd, &part, 1));
    expect_error(EBADF, send(fd, data.data(), 4, 0));
    expect_error(EBADF, sendmsg(fd, &message, 0));
    expect_error(EBADF, close(fd));
  }
}

TEST(IoErrors, WrongDirection) {
  const Pair pair = make_pipe();
  char byte = 0;
  expect_error(EBADF, read(pair.far, &byte, 1));
  expect_error(EBADF, write(pair.near, &byte, 1));
}

TEST(IoErrors, SocketCallOnAPipe) {
  const Pair pair = make_pipe();
  char byte = 0;
  expect_error(ENOTSOCK, recv(pair.near, &byte, 1, 0));
  expect_error(ENOTSOCK, send(pair.far, &byte, 1, 0));
  expect_error(ENOTSOCK, accept(pair.near, nullptr, nullptr));
}

TEST(IoErrors, SocketThatIsNotConnected) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  char byte = 0;
  expect_error(ENOTCONN, recv(fd, &byte, 1, 0));
  expect_error(EPIPE, send(fd, &byte, 1, MSG_NOSIGNAL));
}

TEST(IoErrors, BadPieces) {
  const Pair pair = make_unix_stream();
  std::array<char, 4> data{};
  std::vector<iovec> many(IOV_MAX + 1, iovec{data.data(), 1});
  expect_error(EINVAL, readv(pair.near, many.data(), static_cast<int>(many.size())));
  expect_error(EINVAL, writev(pair.far, many.data(), static_cast<int>(many.size())));
  expect_error(EINVAL, writev(pair.far, many.data(), minus_one));
}

TEST(IoErrors, BadMemory) {
  const Pair pair = make_unix_stream();
  void* const nowhere = reinterpret_cast<void*>(nowhere_address);
  pair.feed("x");
  expect_error(EFAULT, read(pair.near, nowhere, 4));
  expect_error(EFAULT, write(pair.far, nowhere, 4));
}

TEST(IoErrors, EventfdWantsEightBytes) {
  const Fd event(eventfd(1, 0));
  std::array<char, 4> small{};
  expect_error(EINVAL, read(event, small.data(), small.size()));
  expect_error(EINVAL, write(event, small.data(), small.size()));
}

TEST(IoErrors, MessageTooLong) {
  const Pair pair = make_udp_pair();
  const std::vector<char> data(70'000);
  expect_error(EMSGSIZE, send(pair.far, data.data(), data.size(), 0));
}

TEST(ZeroLength, ReadsAndWritesReturnAtOnce) {
  char byte = 0;
  for (const auto make : {make_plain_pipe, make_unix_stream, make_tcp_pair, make_pty_pair}) {
    const Pair pair = make();
    EXPECT_EQ(read(pair.near, &byte, 0), 0);
    EXPECT_EQ(write(pair.far, &byte, 0), 0);
  }
}

TEST(ZeroLength, EmptyDatagramIsAMessage) {
  for (const auto make : {make_unix_datagram, make_udp_pair}) {
    const Pair pair = make();
    EXPECT_EQ(send(pair.far, "", 0, 0), 0);
    pair.feed("after");
    char byte = 0;
    EXPECT_EQ(recv(pair.near, &byte, 1, 0), 0);
    EXPECT_EQ(read_some(pair.near), "after");
  }
}

TEST(ZeroLength, NoPieces) {
  const Pair pair = make_pipe();
  iovec none{};
  EXPECT_EQ(readv(pair.near, &none, 0), 0);
  EXPECT_EQ(writev(pair.far, &none, 0), 0);
}

TEST(NotPollable, FilesAndDevicesJustWork) {
  std::array<char, 16> data{};
  const Fd zero(open("/dev/zero", O_RDONLY));
  const Fd null(open("/dev/null", O_RDWR));
  const Fd file(open("/tmp", O_TMPFILE | O_RDWR, 0600));
  EXPECT_EQ(read(zero, data.data(), data.size()), 16);
  EXPECT_EQ(write(null, data.data(), data.size()), 16);
  EXPECT_EQ(read(null, data.data(), data.size()), 0);
  EXPECT_EQ(write(file, "text", 4), 4);
  EXPECT_EQ(lseek(file, 0, SEEK_SET), 0);
  EXPECT_EQ(read_some(file), "text");
  EXPECT_EQ(read_some(file), "");
  const Fd folder(open("/tmp", O_RDONLY | O_DIRECTORY));
  expect_error(EISDIR, read(folder, data.data(), data.size()));
}

TEST(Errno, SurvivesACallThatWaits) {
  const Pair pair = make_pipe();
  char byte = 0;
  expect_error(EBADF, read(-1, &byte, 1));
  pair.feed("x");
  errno = ERANGE;
  EXPECT_EQ(read(pair.near, &byte, 1), 1);
  EXPECT_EQ(errno, ERANGE) << "a call that succeeds at once leaves errno";
}

}  // namespace
}  // namespace weft::test
