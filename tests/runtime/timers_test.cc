#include "runtime/timers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weft::runtime {
namespace {

TEST(Timers, StartEmpty) {
  Timers timers;
  EXPECT_TRUE(timers.soonest().is_never());
  EXPECT_TRUE(timers.soonest().is_never());
  EXPECT_EQ(timers.take_expired(1'000), nullptr);
}

TEST(Timers, ExpireInOrderAndNotBefore) {
  Timers timers;
  std::mt19937 random(1);        // NOLINT: the same sequence every time
  std::vector<Timer> all(3000);  // more than the heap's first page holds
  for (Timer& timer : all) {
    ASSERT_TRUE(timers.arm(timer, Deadline::at(100 + random() % 1000)));
  }
  EXPECT_EQ(timers.take_expired(99), nullptr);
  std::int64_t last = 0;
  std::size_t taken = 0;
  while (Timer* const timer = timers.take_expired(599)) {
    EXPECT_GE(timer->deadline_ns, last);
    EXPECT_LE(timer->deadline_ns, 599);
    last = timer->deadline_ns;
    ++taken;
  }
  const auto due = std::count_if(all.begin(), all.end(),
                                 [](const Timer& timer) { return timer.deadline_ns <= 599; });
  EXPECT_EQ(taken, static_cast<std::size_t>(due));
  EXPECT_GT(timers.soonest().ns(), 599);
  timers.clear();
}

TEST(Timers, CancelledOnesNeverExpire) {
  Timers timers;
  std::mt19937 random(2);  // NOLINT: the same sequence every time
  std::vector<Timer> all(500);
  for (Timer& timer : all) {
    ASSERT_TRUE(timers.arm(timer, Deadline::at(random() % 1000)));
  }
  for (std::size_t i = 0; i < all.size(); i += 3) {
    EXPECT_TRUE(Timers::cancel(all[i]));
    EXPECT_FALSE(Timers::cancel(all[i]));
  }
  std::int64_t last = 0;
  std::size_t taken = 0;
  while (Timer* const timer = timers.take_expired(1000)) {
    EXPECT_NE((timer - all.data()) % 3, 0);
    EXPECT_GE(timer->deadline_ns, last);
    last = timer->deadline_ns;
    ++taken;
  }
  EXPECT_EQ(taken, all.size() - (all.size() + 2) / 3);
  EXPECT_TRUE(timers.soonest().is_never());
}

TEST(Timers, ExpiredOneCanNotBeCancelledButArmedAgain) {
  Timers timers;
  Timer timer;
  ASSERT_TRUE(timers.arm(timer, Deadline::at(5)));
  EXPECT_EQ(timers.soonest().ns(), 5);
  EXPECT_EQ(timers.take_expired(5), &timer);
  EXPECT_FALSE(Timers::cancel(timer));
  ASSERT_TRUE(timers.arm(timer, Deadline::at(6)));
  EXPECT_TRUE(Timers::cancel(timer));
}

TEST(Timers, ClearForgetsAll) {
  Timers timers;
  Timer timer;
  ASSERT_TRUE(timers.arm(timer, Deadline::at(5)));
  timers.clear();
  EXPECT_TRUE(timers.soonest().is_never());
  EXPECT_FALSE(Timers::cancel(timer));
}

TEST(Deadline, SumsSaturate) {
  EXPECT_TRUE(Deadline::after(std::chrono::nanoseconds::max()).is_never());
  EXPECT_TRUE(Deadline::after(std::chrono::nanoseconds(-5)).passed());
  EXPECT_FALSE(Deadline::never().passed());
}

}  // namespace
}  // namespace weft::runtime
