#include <weft/barrier.h>
#include <weft/weft.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/runtime/from_everywhere.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class BarrierTest : public RuntimeTest {
 protected:
  // A fiber that waits, and is told that the barrier is broken.
  static Fiber<void> victim(Barrier& barrier) {
    return spawn([&barrier] { EXPECT_THROW(barrier.wait(), BrokenBarrier); });
  }
};

TEST_F(BarrierTest, GivesEachPartyAnotherIndexInEveryRound) {
  constexpr int kRounds = kSanitized ? 50 : 300;
  Barrier barrier(kBodies);
  std::atomic<int> arrived{0};
  std::atomic<long> sum{0};
  from_everywhere([&] {
    for (int round = 1; round <= kRounds; ++round) {
      ++arrived;
      sum += static_cast<long>(barrier.wait());
      EXPECT_GE(arrived, round * kBodies);
    }
  });
  EXPECT_EQ(sum, kRounds * kBodies * (kBodies - 1) / 2);
  EXPECT_EQ(barrier.n_waiting(), 0U);
  EXPECT_FALSE(barrier.broken());
}

TEST_F(BarrierTest, KnowsWhoWaits) {
  Barrier barrier(3);
  EXPECT_EQ(barrier.parties(), 3U);
  std::set<std::size_t> indexes;
  const auto wait = [&] { indexes.insert(barrier.wait()); };
  const std::vector<Fiber<void>> two{spawn(wait), spawn(wait)};
  yield();
  EXPECT_EQ(barrier.n_waiting(), 2U);
  EXPECT_EQ(barrier.wait(), 2U);
  EXPECT_EQ(barrier.n_waiting(), 0U);
  joinall(two);
  EXPECT_EQ(indexes, (std::set<std::size_t>{0, 1}));
}

TEST_F(BarrierTest, LastToComeRunsTheActionBeforeAnybodyGoes) {
  int gone = 0;
  int actions = 0;
  Barrier barrier(2, [&] {
    yield();
    EXPECT_EQ(gone, 0);
    ++actions;
  });
  const auto other = spawn([&] { barrier.wait(), ++gone; });
  yield();
  barrier.wait();
  EXPECT_EQ(actions, 1);
  other.join();
  EXPECT_EQ(gone, 1);
}

TEST_F(BarrierTest, ActionThatThrowsBreaksIt) {
  Barrier barrier(3, [] { throw std::domain_error("no"); });
  const std::vector<Fiber<void>> others{victim(barrier), victim(barrier)};
  yield();
  EXPECT_THROW(barrier.wait(), std::domain_error);
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  joinall(others);
}

TEST_F(BarrierTest, TimeoutBreaksIt) {
  Barrier barrier(3);
  const auto other = victim(barrier);
  yield();
  const Stopwatch watch;
  EXPECT_THROW(barrier.wait_for(3ms), BrokenBarrier);
  EXPECT_GE(watch.elapsed(), 3ms);
  EXPECT_TRUE(barrier.broken());
  other.join();
  barrier.reset();
  EXPECT_THROW(barrier.wait_until(std::chrono::system_clock::now() + 1ms), BrokenBarrier);
}

TEST_F(BarrierTest, TimeoutOfItsOwnCountsForEachWait) {
  Barrier barrier(2, {}, 50ms);
  const auto other = spawn([&] { EXPECT_EQ(barrier.wait(), 0U); });
  yield();
  EXPECT_EQ(barrier.wait_for(10s), 1U);
  other.join();
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
}

TEST_F(BarrierTest, TimeThatIsUpDuringTheActionDoesNotBreakIt) {
  bool may_end = false;
  Barrier barrier(2, [&] {
    while (!may_end) {
      sleep(1ms);
    }
  });
  const auto other = spawn([&] { EXPECT_EQ(barrier.wait_for(50ms), 0U); });
  yield();
  const auto last = spawn([&] { EXPECT_EQ(barrier.wait(), 1U); });
  EXPECT_FALSE(other.join_for(100ms));
  may_end = true;
  joinall({other, last});
  EXPECT_FALSE(barrier.broken());
}

TEST_F(BarrierTest, ResetThrowsToWaitersAndMakesItNew) {
  Barrier barrier(2);
  const auto other = victim(barrier);
  yield();
  barrier.reset();
  other.join();
  EXPECT_FALSE(barrier.broken());
  const auto next = spawn([&] { EXPECT_EQ(barrier.wait(), 0U); });
  yield();
  EXPECT_EQ(barrier.wait(), 1U);
  next.join();
}

TEST_F(BarrierTest, AbortBreaksItUntilReset) {
  Barrier barrier(2);
  const auto other = victim(barrier);
  yield();
  barrier.abort();
  other.join();
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
}

TEST_F(BarrierTest, OneOfOnePartyNeverWaits) {
  Barrier barrier(1);
  EXPECT_EQ(barrier.wait(), 0U);
  EXPECT_EQ(barrier.wait(), 0U);
  barrier.abort();
  EXPECT_THROW(barrier.wait(), BrokenBarrier);
  EXPECT_THROW(Barrier(0), std::system_error);
}

TEST_F(BarrierTest, MayBeDestroyedOnceAllHaveReturned) {
  for (int i = 0; i < 50; ++i) {
    auto barrier = std::make_unique<Barrier>(2);
    std::atomic<int> returned{0};
    const auto wait = [&] {
      barrier->wait();
      if (++returned == 2) {
        barrier.reset();
      }
    };
    std::thread thread(wait);
    spawn(wait).join();
    thread.join();
    EXPECT_EQ(barrier, nullptr);
  }
}

}  // namespace
}  // namespace weft
