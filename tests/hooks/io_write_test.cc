// tests/hooks/io_write_test.cc: every call that writes, into descriptors that are full.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

struct Kind {
  const char* name;
  Pair (*make)();
  bool socket;
};

struct Call {
  const char* name;
  ssize_t (*write)(int fd, const char* data, std::size_t size);
  bool sockets_only;
};

constexpr std::array kStreams{
    Kind{"Pipe", make_plain_pipe, false},
    Kind{"UnixStream", make_unix_stream, true},
    Kind{"Tcp", make_tcp_pair, true},
};

// Unequal pieces: a continuation that starts in the wrong one shows in the data.
std::array<iovec, 3> pieces(const char* data, std::size_t size) {
  char* const start = const_cast<char*>(data);
  return {iovec{start, 1}, iovec{start + 1, size / 2},
          iovec{start + 1 + size / 2, size - 1 - size / 2}};
}

ssize_t writev_call(int fd, const char* data, std::size_t size) {
  const auto parts = pieces(data, size);
  return writev(fd, parts.data(), static_cast<int>(parts.size()));
}

ssize_t sendmsg_call(int fd, const char* data, std::size_t size) {
  auto parts = pieces(data, size);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t sent = sendmsg(fd, &message, 0);
  EXPECT_EQ(parts[0].iov_len, 1U) << "the program's own pieces were changed";
  return sent;
}

ssize_t sendmmsg_call(int fd, const char* data, std::size_t size) {
  auto parts = pieces(data, size);
  mmsghdr message{};
  message.msg_hdr.msg_iov = parts.data();
  message.msg_hdr.msg_iovlen = parts.size();
  return sendmmsg(fd, &message, 1, 0) == 1 ? static_cast<ssize_t>(message.msg_len) : -1;
}

constexpr std::array kCalls{
    Call{"write", [](int fd, const char* p, std::size_t n) { return ::write(fd, p, n); }, false},
    Call{"writev", writev_call, false},
    Call{"send", [](int fd, const char* p, std::size_t n) { return send(fd, p, n, 0); }, true},
    Call{"sendto",
         [](int fd, const char* p, std::size_t n) { return sendto(fd, p, n, 0, nullptr, 0); },
         true},
    Call{"sendmsg", sendmsg_call, true},
    Call{"sendmmsg", sendmmsg_call, true},
};

// Data in which every place is told from its neighbours.
std::vector<char> numbered(std::size_t size) {
  std::vector<char> data(size);
  for (std::size_t i = 0; i < size; ++i) {
    data[i] = static_cast<char>((i * 7 + i / 251) & 0x7f);
  }
  return data;
}

std::vector<char> read_all(int fd, std::size_t size) {
  std::vector<char> data(size);
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = read(fd, data.data() + got, size - got);
    if (n <= 0) {
      break;
    }
    got += static_cast<std::size_t>(n);
  }
  data.resize(got);
  return data;
}

class Writing : public testing::TestWithParam<std::tuple<Kind, Call>> {
 protected:
  void SetUp() override {
    if (call_.sockets_only && !kind_.socket) {
      GTEST_SKIP() << "not a socket";
    }
  }
  Kind kind_ = std::get<0>(GetParam());
  Call call_ = std::get<1>(GetParam());
};

// POSIX: a blocking write to a stream returns when all of it is taken.
TEST_P(Writing, GoesWholeWhileOthersRun) {
  const Pair pair = kind_.make();
  const std::vector<char> data = numbered(16 << 20);
  std::vector<char> got;
  expect_others_run(
      [&] {
        EXPECT_EQ(call_.write(pair.far, data.data(), data.size()),
                  static_cast<ssize_t>(data.size()));
      },
      [&] { got = read_all(pair.near, data.size()); });
  EXPECT_TRUE(got == data);
}

TEST_P(Writing, WaitsForRoom) {
  const Pair pair = kind_.make();
  const std::size_t before = fill(pair.far);
  const std::vector<char> data = numbered(1000);
  expect_others_run([&] { EXPECT_EQ(call_.write(pair.far, data.data(), data.size()), 1000); },
                    [&] { EXPECT_EQ(read_all(pair.near, before).size(), before); });
  EXPECT_TRUE(read_all(pair.near, data.size()) == data);
}

INSTANTIATE_TEST_SUITE_P(Io, Writing,
                         testing::Combine(testing::ValuesIn(kStreams), testing::ValuesIn(kCalls)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::get<1>(test.param).name;
                         });

// A unix datagram waits for the queue of its peer, and is never divided.
TEST(WriteDatagram, WaitsForThePeersQueue) {
  for (const auto& call : kCalls) {
    SCOPED_TRACE(call.name);
    const Pair pair = make_unix_datagram();
    const std::size_t before = fill(pair.far);
    const std::vector<char> data = numbered(300);
    expect_others_run([&] { EXPECT_EQ(call.write(pair.far, data.data(), data.size()), 300); },
                      [&] { take(pair.near, before); });
    EXPECT_EQ(read_some(pair.near).size(), 300U);
  }
}

TEST(WritePipe, UpToPipeBufIsNotDivided) {
  const Pair pair = make_pipe();
  constexpr std::size_t kAtomic = 4096;
  constexpr int kRounds = 50;
  const auto write_blocks = [&](char letter) {
    const std::vector<char> block(kAtomic, letter);
    for (int i = 0; i < kRounds; ++i) {
      EXPECT_EQ(write(pair.far, block.data(), block.size()), static_cast<ssize_t>(kAtomic));
    }
  };
  Thread first([&] { write_blocks('a'); });
  Thread second([&] { write_blocks('b'); });
  for (int i = 0; i < 2 * kRounds; ++i) {
    const std::vector<char> block = read_all(pair.near, kAtomic);
    ASSERT_EQ(block.size(), kAtomic);
    EXPECT_EQ(block, std::vector<char>(kAtomic, block[0]));
  }
}

TEST(WriteEventfd, WaitsWhileTheCounterIsFull) {
  const Fd event(eventfd(0, 0));
  const std::uint64_t most = UINT64_MAX - 1;
  ASSERT_EQ(write(event, &most, sizeof most), 8);
  expect_others_run([&] { EXPECT_EQ(eventfd_write(event, 5), 0); },
                    [&] {
                      eventfd_t value = 0;
                      EXPECT_EQ(eventfd_read(event, &value), 0);
                      EXPECT_EQ(value, most);
                    });
  eventfd_t value = 0;
  EXPECT_EQ(eventfd_read(event, &value), 0);
  EXPECT_EQ(value, 5U);
}

TEST(WritePty, WaitsForTheTerminalsReader) {
  const Pair pair = make_pty_pair();
  const std::vector<char> data = numbered(64 << 10);
  std::vector<char> got;
  expect_others_run(
      [&] {
        EXPECT_EQ(write(pair.far, data.data(), data.size()), static_cast<ssize_t>(data.size()));
      },
      [&] { got = read_all(pair.near, data.size()); });
  EXPECT_TRUE(got == data);
}

TEST(WriteMessages, AllOfThemAreSent) {
  const Pair pair = make_unix_datagram();
  constexpr unsigned kMessages = 1000;  // more than fit into any queue
  std::array<char, 100> text{};
  iovec part{text.data(), text.size()};
  std::vector<mmsghdr> messages(kMessages);
  for (auto& message : messages) {
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }
  expect_others_run([&] { EXPECT_EQ(sendmmsg(pair.far, messages.data(), kMessages, 0), 1000); },
                    [&] {
                      for (unsigned i = 0; i < kMessages; ++i) {
                        EXPECT_EQ(read_some(pair.near).size(), text.size());
                      }
                    });
}

}  // namespace
}  // namespace weft::test
