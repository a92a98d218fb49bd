// tests/hooks/io_message_test.cc: addresses, descriptors and batches that come with messages.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// One message of one byte, with room for one descriptor beside it.
struct Letter {
  char byte = 'f';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};

  Letter() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Letter(const Letter&) = delete;
  Letter& operator=(const Letter&) = delete;
};

ssize_t send_descriptor(int over, int fd) {
  Letter letter;
  cmsghdr* const header = CMSG_FIRSTHDR(&letter.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(over, &letter.message, 0);
}

Fd receive_descriptor(int over, int flags = 0) {
  Letter letter;
  EXPECT_EQ(recvmsg(over, &letter.message, flags), 1);
  const cmsghdr* const header = CMSG_FIRSTHDR(&letter.message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    ADD_FAILURE() << "no descriptor came";
    return Fd();
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return Fd(fd);
}

TEST(AncillaryData, DescriptorArrivesAfterAWait) {
  const Pair pair = make_unix_stream();
  const Pair cargo = make_pipe();
  Fd received;
  expect_others_run([&] { received = receive_descriptor(pair.near, MSG_CMSG_CLOEXEC); },
                    [&] { EXPECT_EQ(send_descriptor(pair.far, cargo.near), 1); });
  EXPECT_EQ(fcntl(received, F_GETFD), FD_CLOEXEC);
  expect_others_run([&] { EXPECT_EQ(read_some(received), "through"); },
                    [&] { cargo.feed("through"); });
}

TEST(AncillaryData, DescriptorIsSentOnceWithABlockingMessage) {
  const Pair pair = make_unix_stream();
  const std::size_t before = fill(pair.far);
  const Pair cargo = make_pipe();
  expect_others_run([&] { EXPECT_EQ(send_descriptor(pair.far, cargo.near), 1); },
                    [&] { take(pair.near, before); });
  const Fd received = receive_descriptor(pair.near);
  cargo.feed("x");
  EXPECT_EQ(read_some(received), "x");
  char byte = 0;
  EXPECT_EQ(recv(pair.near, &byte, 1, MSG_DONTWAIT), -1);
}

TEST(SourceAddress, ComesWithADatagramThatWasWaitedFor) {
  const Pair pair = make_udp_pair();
  sockaddr_in from{};
  socklen_t size = sizeof from;
  std::array<char, 16> data{};
  expect_others_run(
      [&] { EXPECT_EQ(recvfrom(pair.near, data.data(), data.size(), 0, general(from), &size), 2); },
      [&] { pair.feed("hi"); });
  EXPECT_EQ(size, sizeof from);
  sockaddr_in far{};
  socklen_t far_size = sizeof far;
  ASSERT_EQ(getsockname(pair.far, general(far), &far_size), 0);
  EXPECT_EQ(from.sin_port, far.sin_port);
  EXPECT_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(SourceAddress, DestinationOfSendto) {
  const Pair pair = make_udp_pair();
  sockaddr_in near{};
  socklen_t size = sizeof near;
  ASSERT_EQ(getsockname(pair.near, general(near), &size), 0);
  EXPECT_EQ(sendto(pair.far, "to", 2, 0, general(near), size), 2);
  EXPECT_EQ(read_some(pair.near), "to");
}

// A batch of messages to receive, each with a buffer of its own.
struct Batch {
  static constexpr unsigned kSize = 4;
  std::array<std::array<char, 16>, kSize> data{};
  std::array<iovec, kSize> parts{};
  std::array<mmsghdr, kSize> messages{};

  Batch() {
    for (unsigned i = 0; i < kSize; ++i) {
      parts.at(i) = {data.at(i).data(), data.at(i).size()};
      messages.at(i).msg_hdr.msg_iov = &parts.at(i);
      messages.at(i).msg_hdr.msg_iovlen = 1;
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  int receive(int fd, int flags, timespec* timeout = nullptr) {
    return recvmmsg(fd, messages.data(), kSize, flags, timeout);
  }
};

TEST(Batches, WaitForAllOfThem) {
  const Pair pair = make_unix_datagram();
  Batch batch;
  pair.feed("0");
  pair.feed("1");
  expect_others_run([&] { EXPECT_EQ(batch.receive(pair.near, 0), 4); },
                    [&] {
                      pair.feed("2");
                      pair.feed("three");
                    });
  EXPECT_STREQ(batch.data[0].data(), "0");
  EXPECT_STREQ(batch.data[3].data(), "three");
  EXPECT_EQ(batch.messages[3].msg_len, 5U);
}

TEST(Batches, WaitForOneReturnsWhatIsThere) {
  const Pair pair = make_unix_datagram();
  Batch batch;
  pair.feed("0");
  pair.feed("1");
  EXPECT_EQ(batch.receive(pair.near, MSG_WAITFORONE), 2);
  expect_others_run([&] { EXPECT_EQ(batch.receive(pair.near, MSG_WAITFORONE), 1); },
                    [&] { pair.feed("2"); });
}

TEST(Batches, DontWaitOnNothing) {
  const Pair pair = make_unix_datagram();
  Batch batch;
  EXPECT_EQ(batch.receive(pair.near, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

// recvmmsg(2), BUGS: the timeout is looked at only after a datagram has come.
TEST(Batches, TimeoutCountsAfterADatagram) {
  const Pair pair = make_unix_datagram();
  Batch batch;
  timespec timeout{.tv_sec = 0, .tv_nsec = 1'000'000};
  expect_others_run([&] { EXPECT_EQ(batch.receive(pair.near, 0, &timeout), 1); },
                    [&] { pair.feed("0"); });
}

}  // namespace
}  // namespace weft::test
