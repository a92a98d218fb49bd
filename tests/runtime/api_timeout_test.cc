#include <weft/weft.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language
using Clock = std::chrono::steady_clock;

class TimeoutScope : public RuntimeTest {};

TEST_F(TimeoutScope, EndsAWaitThatLastsBeyondIt) {
  const auto start = Clock::now();
  const Timeout timeout(5ms);
  try {
    sleep(1h);
    FAIL() << "it has to throw";
  } catch (const TimeoutError& error) {
    EXPECT_TRUE(timeout.owns(error));
    EXPECT_NE(std::string(error.what()), "");
  }
  EXPECT_GE(Clock::now() - start, 5ms);
  EXPECT_TRUE(timeout.has_passed());
  EXPECT_FALSE(timeout.pending());
}

TEST_F(TimeoutScope, ThrowsOnce) {
  const Timeout timeout(1ms);
  EXPECT_THROW(sleep(1h), TimeoutError);
  sleep(1ms);  // clean-up may wait
}

TEST_F(TimeoutScope, PassesHandlersOfStdException) {
  const Timeout timeout(1ms);
  const auto swallow = [] {
    try {
      sleep(1h);
    } catch (const std::exception&) {
      FAIL() << "a TimeoutError is no std::exception";
    }
  };
  EXPECT_THROW(swallow(), TimeoutError);
}

TEST_F(TimeoutScope, EndsWithItsScope) {
  { const Timeout timeout(1ms); }
  sleep(3ms);
}

TEST_F(TimeoutScope, MayBeCancelled) {
  Timeout timeout(1ms);
  EXPECT_TRUE(timeout.pending());
  timeout.cancel();
  EXPECT_FALSE(timeout.pending());
  sleep(3ms);
}

TEST_F(TimeoutScope, MayStartAgain) {
  Timeout timeout;
  EXPECT_FALSE(timeout.pending());
  for (int i = 0; i < 2; ++i) {
    timeout.start(1ms);
    EXPECT_THROW(sleep(1h), TimeoutError);
  }
}

TEST_F(TimeoutScope, WithoutALengthIsNone) {
  const Timeout timeout;
  sleep(1ms);
}

TEST_F(TimeoutScope, TheOuterOneMayEndFirst) {
  const Timeout outer(2ms);
  bool inner_passed = true;
  try {
    const Timeout inner(1h);
    try {
      sleep(2h);
      FAIL() << "the outer one has to throw";
    } catch (const TimeoutError& error) {
      EXPECT_FALSE(inner.owns(error));
      inner_passed = inner.has_passed();
      throw;
    }
  } catch (const TimeoutError& error) {
    EXPECT_TRUE(outer.owns(error));
  }
  EXPECT_FALSE(inner_passed);
}

TEST_F(TimeoutScope, NestedOnesFireInOrder) {
  const Timeout outer(100ms);
  {
    const Timeout inner(1ms);
    try {
      sleep(1h);
      FAIL() << "the inner one has to throw";
    } catch (const TimeoutError& error) {
      EXPECT_TRUE(inner.owns(error));
    }
  }
  try {
    sleep(1h);
    FAIL() << "the outer one has to throw";
  } catch (const TimeoutError& error) {
    EXPECT_TRUE(outer.owns(error));
  }
}

TEST_F(TimeoutScope, BehindComputingTheFirstToEndFires) {
  const Timeout outer(1ms);
  const Timeout inner(2ms);
  const auto start = Clock::now();
  while (Clock::now() - start < 4ms) {
  }
  try {
    yield();
    FAIL() << "both have passed";
  } catch (const TimeoutError& error) {
    EXPECT_TRUE(outer.owns(error));
  }
  EXPECT_THROW(yield(), TimeoutError);
  yield();
}

TEST_F(TimeoutScope, ThrowsWhatItIsGiven) {
  const Timeout timeout(1ms, std::runtime_error("too slow"));
  EXPECT_THROW(sleep(1h), std::runtime_error);
}

TEST_F(TimeoutScope, SilentTakesItsOwnOnly) {
  EXPECT_FALSE(Timeout(1ms).silent([] { sleep(1h); }));
  EXPECT_TRUE(Timeout(1h).silent([] { sleep(1ms); }));
  const Timeout outer(1ms);
  EXPECT_THROW(Timeout(1h).silent([] { sleep(2h); }), TimeoutError);
}

TEST_F(TimeoutScope, WithTimeoutReturnsTheResult) {
  EXPECT_EQ(with_timeout(1h, [] { return 7; }), 7);
  int target = 0;
  EXPECT_EQ(&with_timeout(1h, [&]() -> int& { return target; }), &target);
  with_timeout(1h, [] {});
}

TEST_F(TimeoutScope, WithTimeoutThrowsOrFallsBack) {
  const auto slow = [] {
    sleep(1h);
    return std::string("late");
  };
  EXPECT_THROW(with_timeout(1ms, slow), TimeoutError);
  EXPECT_EQ(with_timeout(1ms, slow, "too slow"), "too slow");
  EXPECT_EQ(with_timeout(
                1h, [] { return std::string("in time"); }, "too slow"),
            "in time");
}

TEST_F(TimeoutScope, EveryFiberHasItsOwn) {
  const auto other = spawn([] {
    sleep(4ms);
    return 1;
  });
  {
    const Timeout timeout(1ms);
    EXPECT_THROW(other.join(), TimeoutError);
  }
  EXPECT_EQ(other.get(), 1);
}

TEST_F(TimeoutScope, ALockInTimeCounts) {
  Mutex mutex;
  mutex.lock();
  const auto holder = spawn([&mutex] { mutex.unlock(); });
  const Timeout timeout(1h);
  mutex.lock();
  mutex.unlock();
  holder.join();
}

TEST_F(TimeoutScope, TheMutexIsHeldWhenAConditionIsOutOfTime) {
  Mutex mutex;
  Condition condition;
  std::unique_lock lock(mutex);
  const Timeout timeout(1ms);
  EXPECT_THROW(condition.wait(lock), TimeoutError);
  EXPECT_TRUE(lock.owns_lock());
  EXPECT_FALSE(mutex.try_lock());
}

TEST_F(TimeoutScope, AWaitsOwnTimeoutIsAResult) {
  const Timeout timeout(1h);
  Event event;
  EXPECT_FALSE(event.wait_for(1ms));
}

TEST_F(TimeoutScope, AFiberOutOfTimeHasFailed) {
  const auto fiber = spawn([] {
    const Timeout timeout(1ms);
    sleep(1h);
  });
  fiber.join();
  EXPECT_FALSE(fiber.successful());
  EXPECT_THROW(fiber.get(), TimeoutError);
}

TEST(TimeoutOnAThread, MakesItAMainFiber) {
  std::thread([] {
    EXPECT_FALSE(this_fiber::on_fiber());
    const Timeout timeout(1ms);
    EXPECT_THROW(sleep(1h), TimeoutError);
    EXPECT_TRUE(this_fiber::on_fiber());
  }).join();
}

}  // namespace
}  // namespace weft
