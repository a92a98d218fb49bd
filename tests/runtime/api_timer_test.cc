#include <weft/timer.h>
#include <weft/weft.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class TimerTest : public RuntimeTest {
 protected:
  // Timers end on their fibers, and so a moment after they are over.
  void TearDown() override {
    let_others_end();
    RuntimeTest::TearDown();
  }
};

TEST_F(TimerTest, CallsOnAFiberOfItsOwnAndNotEarly) {
  std::uint64_t caller = 0;
  const Stopwatch watch;
  Timer timer(3ms, [&] { caller = this_fiber::id(); });
  EXPECT_FALSE(timer.pending());
  timer.start();
  EXPECT_TRUE(timer.pending());
  timer.join();
  EXPECT_GE(watch.elapsed(), 3ms);
  EXPECT_NE(caller, 0U);
  EXPECT_NE(caller, this_fiber::id());
  EXPECT_FALSE(timer.pending());
  EXPECT_FALSE(timer.cancel()) << "too late";
}

TEST_F(TimerTest, CallsAtAMoment) {
  bool called = false;
  const auto moment = std::chrono::system_clock::now() + 3ms;
  Timer timer = Timer::at(moment, [&] {
    called = true;
    EXPECT_GE(std::chrono::system_clock::now(), moment);
  });
  timer.start();
  timer.join();
  EXPECT_TRUE(called);
  Timer late = Timer::at(std::chrono::steady_clock::now() - 1h, [] {});
  late.start();
  EXPECT_TRUE(late.join_for(10s));
}

TEST_F(TimerTest, CancelledCallsNothing) {
  bool called = false;
  Timer timer(1ms, [&] { called = true; });
  timer.start();
  EXPECT_TRUE(timer.cancel());
  EXPECT_FALSE(timer.cancel());
  timer.join();
  Timer before(1ms, [&] { called = true; });
  EXPECT_TRUE(before.cancel()) << "before it was started, too";
  EXPECT_THROW(before.start(), std::logic_error);
  sleep(3ms);
  EXPECT_FALSE(called);
}

TEST_F(TimerTest, CancelledFreesWhatTheCallHolds) {
  const auto held = std::make_shared<int>(1);
  Timer timer(1h, [held] {});
  timer.start();
  yield();
  timer.cancel();
  { const Timer gone = std::move(timer); }
  yield();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(TimerTest, DestructorCancelsAndAssignmentToo) {
  std::string called;
  std::optional<Timer> timer;
  timer.emplace(1ms, [&] { called += 'a'; });
  timer->start();
  *timer = Timer(2ms, [&] { called += 'b'; });
  timer->start();
  timer->join();
  timer.emplace(1ms, [&] { called += 'c'; });
  timer->start();
  timer.reset();
  sleep(3ms);
  EXPECT_EQ(called, "b");
}

TEST_F(TimerTest, StartsOnce) {
  Timer timer(0ms, [] {});
  EXPECT_FALSE(timer.join_for(1ms)) << "not started";
  timer.start();
  EXPECT_THROW(timer.start(), std::logic_error);
  timer.join();
  EXPECT_THROW(timer.start(), std::logic_error);
}

TEST_F(TimerTest, TakesArgumentsAndWhatCannotBeCopied) {
  int sum = 0;
  Timer timer(
      0ms, [&sum](std::unique_ptr<int> a, int b) { sum = *a + b; }, std::make_unique<int>(40), 2);
  timer.start();
  timer.join();
  EXPECT_EQ(sum, 42);
}

TEST_F(TimerTest, CallThatThrowsIsUnhandledAndOver) {
  std::string unhandled;
  const auto before = on_unhandled([&](const Unhandled& failed) { unhandled = failed.name; });
  Timer timer(0ms, [] { throw std::domain_error("no"); });
  timer.start();
  timer.join();
  let_others_end();
  on_unhandled(before);
  EXPECT_EQ(unhandled, "timer");
}

}  // namespace
}  // namespace weft
