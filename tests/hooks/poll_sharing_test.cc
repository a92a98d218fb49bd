// tests/hooks/poll_sharing_test.cc: several threads look at the same descriptor in different ways.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

int poll_for(int fd, short events, int timeout_ms) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  return poll(&entry, 1, timeout_ms) == 1 ? entry.revents : 0;
}

TEST(PollSharing, EveryPollerHearsOfTheSameData) {
  const Pair pair = make_tcp_pair();
  std::atomic<int> waiting{0};
  std::atomic<int> heard{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 8; ++i) {
      threads.push_back(std::make_unique<Thread>([&] {
        ++waiting;
        heard += poll_for(pair.near, POLLIN, -1) == POLLIN ? 1 : 0;
      }));
    }
    while (waiting < 8) {
      usleep(1000);
    }
    usleep(2000);
    pair.feed("x");
  }
  EXPECT_EQ(heard, 8);
}

TEST(PollSharing, ReaderAndPollerAtOnce) {
  const Pair pair = make_unix_stream();
  int revents = 0;
  Thread poller([&] { revents = poll_for(pair.near, POLLIN, 5000); });
  usleep(2000);
  // The poller may or may not see the first byte before the reader takes it; it must see the
  // second.
  expect_others_run([&] { EXPECT_EQ(read_some(pair.near, 1), "a"); }, [&] { pair.feed("ab"); });
  poller.join();
  EXPECT_EQ(revents, POLLIN);
}

TEST(PollSharing, OneReadsWhileAnotherWaitsForRoom) {
  const Pair pair = make_unix_stream();
  fill(pair.near);
  std::string got;
  Thread reader([&] { got = read_some(pair.near); });
  expect_others_run([&] { EXPECT_EQ(poll_for(pair.near, POLLOUT, -1), POLLOUT); },
                    [&] {
                      pair.feed("both ways");
                      drain(pair.far);
                    });
  reader.join();
  EXPECT_EQ(got, "both ways");
}

TEST(PollSharing, ReadAndWriteOfOneSocketBlockIndependently) {
  const Pair pair = make_tcp_pair();
  const std::vector<char> data(8 << 20, 'w');
  std::string got;
  Thread reader([&] { got = read_some(pair.near); });
  std::size_t drained = 0;
  expect_others_run(
      [&] {
        EXPECT_EQ(write(pair.near, data.data(), data.size()), static_cast<ssize_t>(data.size()));
      },
      [&] {
        while (drained < data.size()) {
          drained += read_some(pair.far, 1 << 20).size();
        }
        pair.feed("reply");
      });
  reader.join();
  EXPECT_EQ(got, "reply");
}

TEST(PollSharing, SelectPollAndEpollOfOneDescriptor) {
  const Pair pair = make_pipe();
  const Fd epoll(epoll_create1(0));
  epoll_event event{};
  event.events = EPOLLIN;
  ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, pair.near, &event), 0);
  std::atomic<int> heard{0};
  Thread selecting([&] {
    fd_set readers;
    FD_ZERO(&readers);
    FD_SET(pair.near, &readers);
    heard += select(pair.near + 1, &readers, nullptr, nullptr, nullptr);
  });
  Thread polling([&] { heard += poll_for(pair.near, POLLIN, -1) == POLLIN ? 1 : 0; });
  Thread waiting([&] {
    epoll_event got{};
    heard += epoll_wait(epoll, &got, 1, -1);
  });
  usleep(5000);
  pair.feed("x");
  selecting.join();
  polling.join();
  waiting.join();
  EXPECT_EQ(heard, 3);
}

TEST(PollSharing, ShortAndLongTimeoutsTogether) {
  const Pair pair = make_unix_stream();
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 1; i <= 10; ++i) {
    threads.push_back(std::make_unique<Thread>([&pair, i] {
      const Stopwatch watch;
      EXPECT_EQ(poll_for(pair.near, POLLIN, 10 * i), 0);
      watch.expect(milliseconds(10 * i));
    }));
  }
}

TEST(PollSharing, TimedOutPollerLeavesNothingBehind) {
  const Pair pair = make_tcp_pair();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(poll_for(pair.near, POLLIN, 1), 0);
  }
  expect_others_run([&] { EXPECT_EQ(read_some(pair.near), "x"); }, [&] { pair.feed("x"); });
}

}  // namespace
}  // namespace weft::test
