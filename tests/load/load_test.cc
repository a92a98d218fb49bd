// The load generator's own judgement: it must see a wrong byte, or its verdict is worth nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/load/connection.h"
#include "tests/load/exchange.h"
#include "tests/load/histogram.h"

namespace weft::load {
namespace {

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

}  // namespace
}  // namespace weft::load
