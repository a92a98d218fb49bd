#include <weft/weft.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class AssertYieldsTest : public RuntimeTest {};

void spin_for(std::chrono::nanoseconds length) {
  const auto end = std::chrono::steady_clock::now() + length;
  while (std::chrono::steady_clock::now() < end) {
  }
}

TEST_F(AssertYieldsTest, ThrowsIfNoOtherFiberCouldRun) {
  EXPECT_THROW({ const weft::AssertYields must_yield; }, weft::DidNotYield);
  const auto lock_what_is_free = [] {
    const weft::AssertYields must_yield;
    weft::Mutex mutex;
    const std::lock_guard hold(mutex);
  };
  EXPECT_THROW(lock_what_is_free(), weft::DidNotYield);
}

TEST_F(AssertYieldsTest, IsContentWithOneWaitOrYield) {
  {
    const weft::AssertYields must_yield;
    weft::sleep(1ms);
    EXPECT_EQ(must_yield.yields(), 1U);
  }
  {
    const weft::AssertYields must_yield;
    weft::yield();  // there is nobody else
    EXPECT_EQ(must_yield.yields(), 1U);
  }
  {
    const weft::AssertYields must_yield;
    weft::spawn([] {}).join();
    EXPECT_EQ(must_yield.yields(), 1U);
  }
}

TEST_F(AssertYieldsTest, WithALengthItIsAboutTheLongestStretch) {
  {
    const weft::AssertYields may_be_short(1h);  // without any yield
  }
  const auto spin_between = [] {
    const weft::AssertYields must_yield(10ms);
    weft::yield();
    spin_for(11ms);
    weft::yield();
    EXPECT_GE(must_yield.longest_block(), 11ms);
  };
  EXPECT_THROW(spin_between(), weft::DidNotYield);
  const auto spin_last = [] {
    const weft::AssertYields must_yield(10ms);
    weft::yield();
    spin_for(11ms);
  };
  EXPECT_THROW(spin_last(), weft::DidNotYield);
  const Stopwatch watch;
  const weft::AssertYields must_yield(1h);
  weft::sleep(20ms);
  const auto longest = must_yield.longest_block();
  EXPECT_LT(longest, watch.elapsed()) << "others could run in the sleep";
}

TEST_F(AssertYieldsTest, CheckThrowsWithinTheScope) {
  const auto check_within = [] {
    const weft::AssertYields must_yield(1ms);
    spin_for(2ms);
    must_yield.check();
    ADD_FAILURE() << "nobody else could run";
  };
  try {
    check_within();
  } catch (const weft::DidNotYield& error) {
    const std::string what = error.what();
    EXPECT_EQ(what.find("weft::AssertYields: no other fiber could run for "), 0U) << what;
    EXPECT_NE(what.find(" ms, which is more than 1.0"), std::string::npos) << what;
  }
}

TEST_F(AssertYieldsTest, AnExceptionThatLeavesTheScopeWins) {
  const auto fail = [] {
    const weft::AssertYields must_yield;
    throw std::logic_error("another");
  };
  EXPECT_THROW(fail(), std::logic_error);
}

TEST_F(AssertYieldsTest, IsAboutItsOwnFiberOnly) {
  auto spinner = weft::spawn([] { spin_for(100ms); });
  {
    const weft::AssertYields must_yield(50ms);
    weft::yield();
  }
  spinner.join();
  const auto watch_while_others_yield = [] {
    const weft::AssertYields must_yield;
    weft::Scheduler scheduler{.workers = 1};
    std::atomic<bool> has_yielded{false};
    scheduler.spawn([&has_yielded] {
      weft::yield();
      has_yielded = true;
    });
    while (!has_yielded) {
    }
    must_yield.check();
  };
  EXPECT_THROW(watch_while_others_yield(), weft::DidNotYield);
}

TEST_F(AssertYieldsTest, CanBeNestedAndFollowsItsFiberToOtherWorkers) {
  weft::run({.workers = 2}, [] {
    const weft::AssertYields outer;
    {
      const weft::AssertYields inner;
      for (int i = 0; i < 100; ++i) {
        weft::spawn([] { weft::yield(); }).join();
      }
      EXPECT_GE(inner.yields(), 1U);
    }
    EXPECT_THROW({ const weft::AssertYields after; }, weft::DidNotYield);
    EXPECT_GE(outer.yields(), 1U);
  });
}

TEST_F(AssertYieldsTest, OthersRunWhileACallBlocks) {
  weft::run({.workers = 1}, [] {
    auto other = weft::spawn([] {});
    const Stopwatch watch;
    const weft::AssertYields must_yield(1h);
    weft::blocking([] { spin_for(30ms); });
    EXPECT_GE(must_yield.yields(), 1U);
    const auto longest = must_yield.longest_block();
    EXPECT_LE(longest, watch.elapsed() - 30ms);
    other.join();
  });
}

}  // namespace
}  // namespace weft
