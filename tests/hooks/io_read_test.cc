// tests/hooks/io_read_test.cc: every call that reads, on every kind of descriptor that it works on.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

// What a program built with _FORTIFY_SOURCE calls.
extern "C" {
ssize_t __read_chk(int fd, void* data, size_t size, size_t room);
ssize_t __recv_chk(int fd, void* data, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* data, size_t size, size_t room, int flags, sockaddr* from,
                       socklen_t* from_size);
}

namespace weft::test {
namespace {

struct Kind {
  const char* name;
  Pair (*make)();
  bool socket;
};

struct Call {
  const char* name;
  ssize_t (*read)(int fd, char* data, std::size_t size);
  bool sockets_only;
};

constexpr std::array kKinds{
    Kind{"Pipe", make_plain_pipe, false},
    Kind{"UnixStream", make_unix_stream, true},
    Kind{"UnixDatagram", make_unix_datagram, true},
    Kind{"UnixPacket", make_unix_packet, true},
    Kind{"Tcp", make_tcp_pair, true},
    Kind{"Udp", make_udp_pair, true},
    Kind{"Pty", make_pty_pair, false},
};

// Two pieces, so that a call that looks at the first only is found out.
std::array<iovec, 2> halves(char* data, std::size_t size) {
  return {iovec{data, 2}, iovec{data + 2, size - 2}};
}

ssize_t readv_call(int fd, char* data, std::size_t size) {
  const auto parts = halves(data, size);
  return readv(fd, parts.data(), 2);
}

ssize_t recvmsg_call(int fd, char* data, std::size_t size) {
  auto parts = halves(data, size);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return recvmsg(fd, &message, 0);
}

ssize_t recvmmsg_call(int fd, char* data, std::size_t size) {
  auto parts = halves(data, size);
  mmsghdr message{};
  message.msg_hdr.msg_iov = parts.data();
  message.msg_hdr.msg_iovlen = parts.size();
  return recvmmsg(fd, &message, 1, 0, nullptr) == 1 ? static_cast<ssize_t>(message.msg_len) : -1;
}

constexpr std::array kCalls{
    Call{"read", [](int fd, char* p, std::size_t n) { return ::read(fd, p, n); }, false},
    Call{"readv", readv_call, false},
    Call{"read_chk", [](int fd, char* p, std::size_t n) { return __read_chk(fd, p, n, n); }, false},
    Call{"recv", [](int fd, char* p, std::size_t n) { return recv(fd, p, n, 0); }, true},
    Call{"recvfrom",
         [](int fd, char* p, std::size_t n) { return recvfrom(fd, p, n, 0, nullptr, nullptr); },
         true},
    Call{"recvmsg", recvmsg_call, true},
    Call{"recvmmsg", recvmmsg_call, true},
    Call{"recv_chk", [](int fd, char* p, std::size_t n) { return __recv_chk(fd, p, n, n, 0); },
         true},
    Call{"recvfrom_chk",
         [](int fd, char* p, std::size_t n) {
           return __recvfrom_chk(fd, p, n, n, 0, nullptr, nullptr);
         },
         true},
};

class Reading : public testing::TestWithParam<std::tuple<Kind, Call>> {
 protected:
  void SetUp() override {
    if (call_.sockets_only && !kind_.socket) {
      GTEST_SKIP() << "not a socket";
    }
  }
  Kind kind_ = std::get<0>(GetParam());
  Call call_ = std::get<1>(GetParam());
};

TEST_P(Reading, LetsOthersRunUntilDataComes) {
  const Pair pair = kind_.make();
  std::array<char, 64> data{};
  expect_others_run([&] { EXPECT_EQ(call_.read(pair.near, data.data(), data.size()), 5); },
                    [&] { pair.feed("hello"); });
  EXPECT_STREQ(data.data(), "hello");
}

TEST_P(Reading, TakesWhatIsThereAndWaitsAgain) {
  const Pair pair = kind_.make();
  for (int round = 0; round < 3; ++round) {
    std::array<char, 64> data{};
    pair.feed("ready");
    EXPECT_EQ(call_.read(pair.near, data.data(), data.size()), 5);
    EXPECT_STREQ(data.data(), "ready");
    expect_others_run([&] { EXPECT_EQ(call_.read(pair.near, data.data(), data.size()), 4); },
                      [&] { pair.feed("late"); });
    EXPECT_EQ(std::string(data.data(), 4), "late");
  }
}

INSTANTIATE_TEST_SUITE_P(Io, Reading,
                         testing::Combine(testing::ValuesIn(kKinds), testing::ValuesIn(kCalls)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::get<1>(test.param).name;
                         });

TEST(ReadEventfd, WaitsForTheCounter) {
  const Fd event(eventfd(0, 0));
  std::uint64_t value = 0;
  expect_others_run([&] { EXPECT_EQ(::read(event, &value, sizeof value), 8); },
                    [&] { EXPECT_EQ(eventfd_write(event, 7), 0); });
  EXPECT_EQ(value, 7U);
}

TEST(ReadEventfd, EventfdReadWaitsToo) {
  const Fd event(eventfd(0, EFD_SEMAPHORE));
  eventfd_t value = 0;
  expect_others_run([&] { EXPECT_EQ(eventfd_read(event, &value), 0); },
                    [&] {
                      const std::uint64_t two = 2;
                      EXPECT_EQ(::write(event, &two, sizeof two), 8);
                    });
  EXPECT_EQ(value, 1U);
  EXPECT_EQ(eventfd_read(event, &value), 0);
  EXPECT_EQ(value, 1U);
}

TEST(ReadTimerfd, WaitsForTheExpiry) {
  const Fd timer(timerfd_create(CLOCK_MONOTONIC, 0));
  itimerspec setting{};
  setting.it_value.tv_nsec = 40'000'000;
  const Stopwatch watch;
  ASSERT_EQ(timerfd_settime(timer, 0, &setting, nullptr), 0);
  std::uint64_t expiries = 0;
  EXPECT_EQ(::read(timer, &expiries, sizeof expiries), 8);
  EXPECT_EQ(expiries, 1U);
  watch.expect(milliseconds(40));
}

TEST(ReadPeek, WaitsAndLeavesTheData) {
  const Pair pair = make_tcp_pair();
  std::array<char, 64> data{};
  expect_others_run([&] { EXPECT_EQ(recv(pair.near, data.data(), data.size(), MSG_PEEK), 4); },
                    [&] { pair.feed("peek"); });
  EXPECT_EQ(recv(pair.near, data.data(), data.size(), MSG_PEEK), 4);
  EXPECT_EQ(read_some(pair.near), "peek");
}

TEST(ReadPeek, OfAUnixSocketWaitsForTheFirstBytesOnly) {
  const Pair pair = make_unix_stream();
  std::array<char, 8> data{};
  expect_others_run(
      [&] { EXPECT_EQ(recv(pair.near, data.data(), data.size(), MSG_PEEK | MSG_WAITALL), 4); },
      [&] { pair.feed("peek"); });
}

TEST(ReadShort, RestOfTheDataIsStillThere) {
  for (const auto make : {make_plain_pipe, make_unix_stream, make_tcp_pair, make_pty_pair}) {
    const Pair pair = make();
    pair.feed("abcdef");
    EXPECT_EQ(read_some(pair.near, 2), "ab");
    EXPECT_EQ(read_some(pair.near, 2), "cd");
    EXPECT_EQ(read_some(pair.near, 64), "ef");
  }
}

// The datagram is cut, not kept: the next read must wait for another one.
TEST(ReadShort, DatagramIsCut) {
  for (const auto make : {make_unix_datagram, make_udp_pair, make_unix_packet}) {
    const Pair pair = make();
    pair.feed("abcdef");
    EXPECT_EQ(read_some(pair.near, 2), "ab");
    expect_others_run([&] { EXPECT_EQ(read_some(pair.near, 64), "next"); },
                      [&] { pair.feed("next"); });
  }
}

TEST(ReadShort, TruncReportsTheWholeLength) {
  const Pair pair = make_udp_pair();
  pair.feed("abcdef");
  std::array<char, 2> data{};
  EXPECT_EQ(recv(pair.near, data.data(), data.size(), MSG_TRUNC), 6);
}

TEST(ReadManyReaders, EachGetsOneMessage) {
  const Pair pair = make_unix_datagram();
  constexpr int kReaders = 20;
  std::array<std::string, kReaders> got;
  {
    std::vector<std::unique_ptr<Thread>> readers;
    for (auto& text : got) {
      readers.push_back(std::make_unique<Thread>([&] { text = read_some(pair.near); }));
    }
    usleep(5000);
    expect_few_kernel_threads();
    for (int i = 0; i < kReaders; ++i) {
      pair.feed(std::to_string(i + 100));
    }
  }
  std::sort(got.begin(), got.end());
  for (int i = 0; i < kReaders; ++i) {
    EXPECT_EQ(got.at(static_cast<std::size_t>(i)), std::to_string(i + 100));
  }
}

}  // namespace
}  // namespace weft::test
