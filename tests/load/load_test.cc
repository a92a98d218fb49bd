// The load generator's own judgement: it must see a wrong byte, or its verdict is worth nothing.
#include "tests/load/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "tests/load/connection.h"
#include "tests/load/exchange.h"
#include "tests/load/histogram.h"
#include "tests/load/pace.h"

namespace weft::load {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 200ms

// A connection and the server's end of it.
struct Pair {
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }
  ~Pair() { ::close(ends[1]); }
  void answer(const std::string& bytes) const {
    EXPECT_EQ(::send(ends[1], bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  std::array<int, 2> ends{};
};

constexpr std::uint64_t kNumber = 7;
constexpr std::size_t kSize = 100;

Progress after_answer(const std::string& bytes) {
  const Pair pair;
  Connection connection(pair.ends[0], kNumber, Protocol::kEcho, kSize);
  EXPECT_EQ(connection.start(Clock::now()), Progress::kWaiting);
  pair.answer(bytes);
  return connection.go_on();
}

TEST(Connection, RightReplyIsAccepted) {
  EXPECT_EQ(after_answer(pattern(kNumber, 0, kSize)), Progress::kReplied);
}

TEST(Connection, PartOfReplyIsWaitedFor) {
  EXPECT_EQ(after_answer(pattern(kNumber, 0, kSize - 1)), Progress::kWaiting);
}

TEST(Connection, AnyWrongByteIsSeen) {
  for (const std::size_t at : {std::size_t{0}, kSize / 2, kSize - 1}) {
    std::string reply = pattern(kNumber, 0, kSize);
    reply[at] = static_cast<char>(reply[at] ^ 1);
    EXPECT_EQ(after_answer(reply), Progress::kMismatch) << "byte " << at;
  }
}

TEST(Connection, ByteTooManyIsSeen) {
  EXPECT_EQ(after_answer(pattern(kNumber, 0, kSize) + "x"), Progress::kMismatch);
}

TEST(Connection, ReplyOfAnotherConnectionOrRequestIsSeen) {
  EXPECT_EQ(after_answer(pattern(kNumber + 1, 0, kSize)), Progress::kMismatch);
  EXPECT_EQ(after_answer(pattern(kNumber, 1, kSize)), Progress::kMismatch);
}

TEST(Exchange, MemcachedGetExpectsTheValueSetBefore) {
  const Exchange set = make_exchange(Protocol::kMemcached, kNumber, 4, kSize);
  const Exchange get = make_exchange(Protocol::kMemcached, kNumber, 5, kSize);
  const std::string value = pattern(kNumber, 4, kSize);
  EXPECT_EQ(set.request, "set weft_load:7 0 0 100\r\n" + value + "\r\n");
  EXPECT_EQ(get.reply, "VALUE weft_load:7 0 100\r\n" + value + "\r\nEND\r\n");
}

TEST(Histogram, QuantilesAreWithinABucket) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100'000; ++value) histogram.record(value);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5)), 50'000, 50'000 / 64.0);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99)), 99'000, 99'000 / 64.0);
  EXPECT_EQ(histogram.quantile(1), 100'000U);
  EXPECT_EQ(histogram.max(), 100'000U);
}

TEST(Histogram, EveryMagnitudeHasABucket) {
  Histogram histogram;
  histogram.record(0);
  histogram.record(~std::uint64_t{0});
  EXPECT_EQ(histogram.quantile(0.5), 0U);
  EXPECT_EQ(histogram.quantile(1), ~std::uint64_t{0});
}

TEST(Pace, EachConnectionHasItsTurnAtAnEvenDistance) {
  const Clock::time_point begin = Clock::now();
  Pace pace(begin, 1000, 2);
  for (const std::size_t number : {0, 1, 2, 3}) {
    EXPECT_EQ(pace.turn(), number % 2);
    EXPECT_EQ(pace.turn_due(), begin + number * 1ms);
    pace.end_turn();
  }
}

TEST(Pace, WhatIsDueDoesNotWaitForTheTurn) {
  const Clock::time_point begin = Clock::now();
  Pace pace(begin, 1000, 2);
  EXPECT_EQ(pace.due(1), begin + 1ms);
  pace.count(1);
  EXPECT_EQ(pace.due(1), begin + 3ms);
  EXPECT_EQ(pace.due(0), begin);
}

// One connection's echo, which at its second message stalls once.
class StallingServer {
 public:
  explicit StallingServer(std::chrono::milliseconds stall) : stall_(stall) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, generic, length), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &length), 0);
    port = ntohs(address.sin_port);
    thread_ = std::thread(&StallingServer::serve, this);
  }
  ~StallingServer() {
    thread_.join();
    ::close(listener_);
  }
  StallingServer(const StallingServer&) = delete;
  StallingServer& operator=(const StallingServer&) = delete;
  std::uint16_t port = 0;

 private:
  void serve() const {
    std::array<char, 4096> buffer{};
    const int fd = ::accept(listener_, nullptr, nullptr);
    for (int message = 0;; ++message) {
      const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (message == 1) std::this_thread::sleep_for(stall_);
      if (n <= 0 || ::send(fd, buffer.data(), static_cast<std::size_t>(n), 0) != n) break;
    }
    ::close(fd);
  }

  const std::chrono::milliseconds stall_;
  const int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::thread thread_;
};

Report load_stalling_server(double rate) {
  const StallingServer server(200ms);
  return Load({.port = server.port, .duration = 400ms, .rate = rate}).run();
}

TEST(Load, AllThatIsDueInAStallIsAskedAndCounts) {
  const Report report = load_stalling_server(500);
  EXPECT_TRUE(report.good()) << report.first_problem;
  EXPECT_EQ(report.latency.total(), 200U);
  // A hundred requests were due while the server stalled, and came evenly later and later.
  EXPECT_GE(report.latency.quantile(0.75), 75'000'000U);
  EXPECT_GE(report.latency.max(), 200'000'000U);
}

TEST(Load, WithoutARateAStallIsOneRequest) {
  const Report report = load_stalling_server(0);
  EXPECT_TRUE(report.good()) << report.first_problem;
  EXPECT_GE(report.latency.max(), 200'000'000U);
  EXPECT_LT(report.latency.quantile(0.75), 75'000'000U);
}

// Server and load are one process here.
TEST(Load, CpuTimeOfTheServerIsThatOfTheMeasuredSeconds) {
  const StallingServer server(0ms);
  const auto before = cpu_time_of(::getpid());
  const Report report = Load({.port = server.port, .duration = 50ms, .pid = ::getpid()}).run();
  EXPECT_GT(report.server_cpu, 0ns);
  EXPECT_LT(report.server_cpu, cpu_time_of(::getpid()) - before);
}

}  // namespace
}  // namespace weft::load
