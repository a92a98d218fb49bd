// tests/hooks/poll_test.cc: poll and ppoll.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"
#include "tests/support/thread.h"

extern "C" {
int __poll_chk(pollfd* entries, nfds_t count, int timeout_ms, size_t room);
int __ppoll_chk(pollfd* entries, nfds_t count, const timespec* timeout, const sigset_t* mask,
                size_t room);
}

namespace weft::test {
namespace {

struct Call {
  const char* name;
  int (*poll)(pollfd* entries, nfds_t count, int timeout_ms);
};

int ppoll_call(pollfd* entries, nfds_t count, int timeout_ms) {
  const timespec timeout = to_timespec(milliseconds(timeout_ms));
  const timespec before = timeout;
  const int ready = ppoll(entries, count, timeout_ms < 0 ? nullptr : &timeout, nullptr);
  EXPECT_EQ(timeout.tv_nsec, before.tv_nsec) << "ppoll changed its timeout";
  return ready;
}

int ppoll_chk_call(pollfd* entries, nfds_t count, int timeout_ms) {
  const timespec timeout = to_timespec(milliseconds(timeout_ms));
  return __ppoll_chk(entries, count, timeout_ms < 0 ? nullptr : &timeout, nullptr,
                     count * sizeof *entries);
}

constexpr std::array kCalls{
    Call{"poll", ::poll},
    Call{"ppoll", ppoll_call},
    Call{"poll_chk",
         [](pollfd* e, nfds_t n, int ms) { return __poll_chk(e, n, ms, n * sizeof *e); }},
    Call{"ppoll_chk", ppoll_chk_call},
};

class Poll : public testing::TestWithParam<Call> {
 protected:
  static int poll(pollfd* entries, nfds_t count, int timeout_ms) {
    return GetParam().poll(entries, count, timeout_ms);
  }
  static int poll_one(int fd, short events, int timeout_ms, short* revents) {
    pollfd entry{.fd = fd, .events = events, .revents = 0x7f};
    const int ready = poll(&entry, 1, timeout_ms);
    *revents = entry.revents;
    return ready;
  }
};

TEST_P(Poll, LetsOthersRunUntilDataComes) {
  for (const auto make :
       {make_plain_pipe, make_unix_stream, make_tcp_pair, make_udp_pair, make_pty_pair}) {
    const Pair pair = make();
    short revents = 0;
    expect_others_run([&] { EXPECT_EQ(poll_one(pair.near, POLLIN, -1, &revents), 1); },
                      [&] { pair.feed("x"); });
    EXPECT_EQ(revents, POLLIN);
  }
}

TEST_P(Poll, LetsOthersRunUntilThereIsRoom) {
  for (const auto make : {make_plain_pipe, make_unix_stream, make_tcp_pair}) {
    const Pair pair = make();
    fill(pair.far);
    short revents = 0;
    expect_others_run([&] { EXPECT_EQ(poll_one(pair.far, POLLOUT, -1, &revents), 1); },
                      [&] { drain(pair.near); });
    EXPECT_EQ(revents, POLLOUT);
  }
}

TEST_P(Poll, TimeoutIsNeverEarly) {
  const Pair pair = make_unix_stream();
  for (const int timeout_ms : {1, 5, 30, 120}) {
    short revents = 0;
    const Stopwatch watch;
    EXPECT_EQ(poll_one(pair.near, POLLIN, timeout_ms, &revents), 0);
    watch.expect(milliseconds(timeout_ms));
    EXPECT_EQ(revents, 0);
  }
}

TEST_P(Poll, ZeroTimeoutDoesNotBlock) {
  const Pair pair = make_unix_stream();
  short revents = 0;
  const Stopwatch watch;
  EXPECT_EQ(poll_one(pair.near, POLLIN, 0, &revents), 0);
  EXPECT_EQ(poll_one(pair.near, POLLIN | POLLOUT, 0, &revents), 1);
  EXPECT_EQ(revents, POLLOUT);
  watch.expect(nanoseconds(0));
}

TEST_P(Poll, NothingToWatchSleeps) {
  const Stopwatch watch;
  EXPECT_EQ(poll(nullptr, 0, 40), 0);
  watch.expect(milliseconds(40));
}

TEST_P(Poll, NegativeDescriptorsAreIgnored) {
  const Pair pair = make_pipe();
  std::array<pollfd, 3> entries{{{-1, POLLIN, 9}, {pair.near, POLLIN, 9}, {-7, POLLIN, 9}}};
  expect_others_run([&] { EXPECT_EQ(poll(entries.data(), entries.size(), -1), 1); },
                    [&] { pair.feed("x"); });
  EXPECT_EQ(entries[0].revents, 0);
  EXPECT_EQ(entries[1].revents, POLLIN);
  EXPECT_EQ(entries[2].revents, 0);
}

TEST_P(Poll, DuplicatesEachGetAnAnswer) {
  const Pair pair = make_unix_stream();
  std::array<pollfd, 3> entries{
      {{pair.near, POLLIN, 0}, {pair.near, POLLIN, 0}, {pair.near, 0, 0}}};
  expect_others_run([&] { EXPECT_EQ(poll(entries.data(), entries.size(), -1), 2); },
                    [&] { pair.feed("x"); });
  EXPECT_EQ(entries[0].revents, POLLIN);
  EXPECT_EQ(entries[1].revents, POLLIN);
  EXPECT_EQ(entries[2].revents, 0);
}

TEST_P(Poll, ClosedNumberIsInvalid) {
  const Pair pair = make_unix_stream();
  std::array<pollfd, 2> entries{{{pair.near, POLLIN, 0}, {999, POLLIN, 0}}};
  EXPECT_EQ(poll(entries.data(), entries.size(), -1), 1);
  EXPECT_EQ(entries[0].revents, 0);
  EXPECT_EQ(entries[1].revents, POLLNVAL);
}

TEST_P(Poll, HangUpIsReportedUnasked) {
  Pair pair = make_pipe();
  short revents = 0;
  expect_others_run([&] { EXPECT_EQ(poll_one(pair.near, 0, -1, &revents), 1); },
                    [&] { pair.far.reset(); });
  EXPECT_EQ(revents, POLLHUP);
  Pair other = make_pipe();
  other.near.reset();
  EXPECT_EQ(poll_one(other.far, 0, -1, &revents), 1);
  EXPECT_EQ(revents, POLLERR);
}

TEST_P(Poll, HalfCloseOfThePeer) {
  const Pair pair = make_tcp_pair();
  short revents = 0;
  expect_others_run([&] { EXPECT_EQ(poll_one(pair.near, POLLIN | POLLRDHUP, -1, &revents), 1); },
                    [&] { EXPECT_EQ(shutdown(pair.far, SHUT_WR), 0); });
  EXPECT_EQ(revents, POLLIN | POLLRDHUP);
}

TEST_P(Poll, UrgentDataOnly) {
  const Pair pair = make_tcp_pair();
  short revents = 0;
  expect_others_run([&] { EXPECT_EQ(poll_one(pair.near, POLLPRI, -1, &revents), 1); },
                    [&] { EXPECT_EQ(send(pair.far, "!", 1, MSG_OOB), 1); });
  EXPECT_EQ(revents, POLLPRI);
}

TEST_P(Poll, RegularFilesAreReady) {
  const Fd file(open("/tmp", O_TMPFILE | O_RDWR, 0600));
  const Pair pair = make_pipe();
  std::array<pollfd, 2> entries{{{file, POLLIN | POLLOUT, 0}, {pair.near, POLLIN, 0}}};
  EXPECT_EQ(poll(entries.data(), entries.size(), -1), 1);
  EXPECT_EQ(entries[0].revents, POLLIN | POLLOUT);
}

TEST_P(Poll, TooManyEntries) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  std::vector<pollfd> entries(limit.rlim_cur + 1, pollfd{-1, 0, 0});
  EXPECT_EQ(poll(entries.data(), entries.size(), 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST_P(Poll, ManyEntriesOneReady) {
  std::vector<Pair> pairs;
  std::vector<pollfd> entries;
  for (int i = 0; i < 200; ++i) {
    pairs.push_back(make_pipe());
    entries.push_back({pairs.back().near, POLLIN, 0});
  }
  for (const std::size_t one : {std::size_t{199}, std::size_t{0}, std::size_t{77}}) {
    expect_others_run([&] { EXPECT_EQ(poll(entries.data(), entries.size(), -1), 1); },
                      [&] { pairs[one].feed("x"); });
    EXPECT_EQ(entries[one].revents, POLLIN);
    EXPECT_EQ(read_some(pairs[one].near), "x");
  }
}

// Level: what was not read is reported again, and again.
TEST_P(Poll, SaysItAgainWhileDataIsThere) {
  const Pair pair = make_tcp_pair();
  pair.feed("xy");
  short revents = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(poll_one(pair.near, POLLIN, 1000, &revents), 1);
  }
  EXPECT_EQ(read_some(pair.near, 1), "x");
  EXPECT_EQ(poll_one(pair.near, POLLIN, 1000, &revents), 1);
  EXPECT_EQ(read_some(pair.near, 1), "y");
  EXPECT_EQ(poll_one(pair.near, POLLIN, 5, &revents), 0);
}

INSTANTIATE_TEST_SUITE_P(Calls, Poll, testing::ValuesIn(kCalls),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Ppoll, RefusesABadTimeout) {
  const timespec bad{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  EXPECT_EQ(ppoll(nullptr, 0, &bad, nullptr), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(Ppoll, NanosecondsCount) {
  const timespec timeout{.tv_sec = 0, .tv_nsec = 2'500'000};
  const Stopwatch watch;
  EXPECT_EQ(ppoll(nullptr, 0, &timeout, nullptr), 0);
  watch.expect(microseconds(2500));
}

}  // namespace
}  // namespace weft::test
