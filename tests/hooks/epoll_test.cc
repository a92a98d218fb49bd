// tests/hooks/epoll_test.cc: the program's own epoll, used inside threads.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

class EpollSet {
 public:
  void add(int fd, std::uint32_t events) const { control(EPOLL_CTL_ADD, fd, events); }
  void modify(int fd, std::uint32_t events) const { control(EPOLL_CTL_MOD, fd, events); }

  // The descriptor that is ready, or -1 at the timeout.
  [[nodiscard]] int wait(int timeout_ms) const {
    epoll_event event{};
    const int ready = epoll_wait(fd_, &event, 1, timeout_ms);
    EXPECT_GE(ready, 0);
    return ready == 1 ? event.data.fd : -1;
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  void control(int operation, int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    EXPECT_EQ(epoll_ctl(fd_, operation, fd, &event), 0);
  }
  Fd fd_{epoll_create1(EPOLL_CLOEXEC)};
};

TEST(Epoll, LetsOthersRunUntilDataComes) {
  for (const auto make : {make_plain_pipe, make_unix_stream, make_tcp_pair, make_udp_pair}) {
    const Pair pair = make();
    const EpollSet epoll;
    epoll.add(pair.near, EPOLLIN);
    expect_others_run([&] { EXPECT_EQ(epoll.wait(-1), pair.near); }, [&] { pair.feed("x"); });
    EXPECT_EQ(epoll.wait(-1), pair.near) << "level";
    EXPECT_EQ(read_some(pair.near), "x");
    EXPECT_EQ(epoll.wait(1), -1);
  }
}

TEST(Epoll, TimeoutIsNeverEarly) {
  const EpollSet epoll;
  for (const int timeout_ms : {1, 30, 120}) {
    const Stopwatch watch;
    EXPECT_EQ(epoll.wait(timeout_ms), -1);
    watch.expect(milliseconds(timeout_ms));
  }
}

TEST(Epoll, ZeroTimeoutDoesNotBlock) {
  const EpollSet epoll;
  const Stopwatch watch;
  EXPECT_EQ(epoll.wait(0), -1);
  watch.expect(nanoseconds(0));
}

TEST(Epoll, EdgeIsReportedOnce) {
  const Pair pair = make_tcp_pair();
  const EpollSet epoll;
  epoll.add(pair.near, EPOLLIN | EPOLLET);
  expect_others_run([&] { EXPECT_EQ(epoll.wait(-1), pair.near); }, [&] { pair.feed("ab"); });
  EXPECT_EQ(epoll.wait(20), -1);
  EXPECT_EQ(read_some(pair.near, 1), "a");
  EXPECT_EQ(epoll.wait(20), -1);
  expect_others_run([&] { EXPECT_EQ(epoll.wait(-1), pair.near); }, [&] { pair.feed("c"); });
  EXPECT_EQ(read_some(pair.near), "bc");
}

TEST(Epoll, OneShotIsArmedAgainByHand) {
  const Pair pair = make_unix_stream();
  const EpollSet epoll;
  epoll.add(pair.near, EPOLLIN | EPOLLONESHOT);
  expect_others_run([&] { EXPECT_EQ(epoll.wait(-1), pair.near); }, [&] { pair.feed("a"); });
  pair.feed("b");
  EXPECT_EQ(epoll.wait(20), -1);
  epoll.modify(pair.near, EPOLLIN | EPOLLONESHOT);
  EXPECT_EQ(epoll.wait(1000), pair.near);
}

TEST(Epoll, AddedWhileAnotherThreadWaits) {
  const Pair pair = make_pipe();
  const EpollSet epoll;
  expect_others_run([&] { EXPECT_EQ(epoll.wait(-1), pair.near); },
                    [&] {
                      epoll.add(pair.near, EPOLLIN);
                      pair.feed("x");
                    });
}

// One event, one thread; the others go on waiting.
TEST(Epoll, SeveralThreadsShareOne) {
  constexpr std::size_t kThreads = 10;
  const EpollSet epoll;
  std::vector<Pair> pairs;
  std::vector<std::unique_ptr<Thread>> threads;
  std::atomic<int> waiting{0};
  std::atomic<int> served{0};
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.push_back(std::make_unique<Thread>([&] {
      ++waiting;
      const int fd = epoll.wait(-1);
      EXPECT_EQ(read_some(fd), "job");
      ++served;
    }));
  }
  while (waiting < static_cast<int>(kThreads)) {
    usleep(1000);
  }
  expect_few_kernel_threads();
  for (std::size_t i = 0; i < kThreads; ++i) {
    pairs.push_back(make_unix_stream());
    epoll.add(pairs.back().near, EPOLLIN | EPOLLONESHOT);
    pairs.back().feed("job");
  }
  threads.clear();
  EXPECT_EQ(served, static_cast<int>(kThreads));
}

TEST(Epoll, OfAnEpoll) {
  const Pair pair = make_tcp_pair();
  const EpollSet inner;
  const EpollSet outer;
  inner.add(pair.near, EPOLLIN);
  outer.add(inner.fd(), EPOLLIN);
  expect_others_run([&] { EXPECT_EQ(outer.wait(-1), inner.fd()); }, [&] { pair.feed("x"); });
  EXPECT_EQ(inner.wait(0), pair.near);
}

// The kernel nests five deep: whoever adds one level more for itself must have another way.
TEST(Epoll, NestedAsDeepAsTheKernelAllows) {
  const Pair pair = make_pipe();
  std::vector<EpollSet> chain(5);
  chain[0].add(pair.near, EPOLLIN);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    chain[i].add(chain[i - 1].fd(), EPOLLIN);
  }
  expect_others_run([&] { EXPECT_EQ(chain.back().wait(-1), chain[3].fd()); },
                    [&] { pair.feed("x"); });
}

TEST(Epoll, SeveralEventsAtOnce) {
  const EpollSet epoll;
  std::vector<Pair> pairs;
  for (int i = 0; i < 5; ++i) {
    pairs.push_back(make_pipe());
    epoll.add(pairs.back().near, EPOLLIN);
  }
  for (const Pair& pair : pairs) {
    pair.feed("x");
  }
  std::array<epoll_event, 8> events{};
  EXPECT_EQ(epoll_wait(epoll.fd(), events.data(), 8, 1000), 5);
  EXPECT_EQ(epoll_wait(epoll.fd(), events.data(), 3, 1000), 3);
}

TEST(Epoll, ReusedAfterItsDescriptorWasClosed) {
  const EpollSet epoll;
  for (int i = 0; i < 3; ++i) {
    Pair pair = make_unix_stream();
    epoll.add(pair.near, EPOLLIN);
    expect_others_run([&] { EXPECT_EQ(epoll.wait(-1), pair.near); }, [&] { pair.feed("x"); });
  }
  EXPECT_EQ(epoll.wait(5), -1);
}

TEST(EpollPwait, LetsOthersRun) {
  const Pair pair = make_pipe();
  const EpollSet epoll;
  epoll.add(pair.near, EPOLLIN);
  epoll_event event{};
  expect_others_run([&] { EXPECT_EQ(epoll_pwait(epoll.fd(), &event, 1, -1, nullptr), 1); },
                    [&] { pair.feed("x"); });
  EXPECT_EQ(event.data.fd, pair.near);
  EXPECT_EQ(event.events, static_cast<std::uint32_t>(EPOLLIN));
}

TEST(EpollPwait2, NanosecondsCount) {
  const EpollSet epoll;
  epoll_event event{};
  const timespec timeout{.tv_sec = 0, .tv_nsec = 3'500'000};
  const Stopwatch watch;
  EXPECT_EQ(epoll_pwait2(epoll.fd(), &event, 1, &timeout, nullptr), 0);
  watch.expect(microseconds(3500));
}

TEST(Epoll, Errors) {
  const EpollSet epoll;
  const Pair pair = make_pipe();
  epoll_event event{};
  EXPECT_EQ(epoll_wait(epoll.fd(), &event, 0, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(epoll_wait(pair.near, &event, 1, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(epoll_wait(-1, &event, 1, -1), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(epoll_ctl(epoll.fd(), EPOLL_CTL_DEL, pair.near, nullptr), -1);
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace weft::test
