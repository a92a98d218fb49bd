// run(): a scheduler for one call, from its beginning to a clean end.
#include <weft/weft.h>

#include <stdexcept>
#include <thread>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

TEST(RunMain, ReturnsWhatTheFunctionReturns) {
  EXPECT_EQ(weft::run([](int a, int b) { return a + b; }, 40, 2), 42);
  EXPECT_EQ(weft::run({.workers = 2, .name = "first"}, [] { return this_fiber::name(); }), "first");
}

TEST(RunMain, RethrowsWhatTheFunctionThrows) {
  EXPECT_THROW(weft::run([] { throw std::runtime_error("no"); }), std::runtime_error);
}

TEST(RunMain, WaitsForAllFibers) {
  std::atomic<int> ended{0};
  weft::run([&ended] {
    for (int i = 0; i < 10; ++i) {
      weft::spawn([&ended] {
        weft::sleep(1ms);
        weft::spawn([&ended] {
          weft::sleep(1ms);
          ++ended;
        });
      });
    }
  });
  EXPECT_EQ(ended, 10);
}

TEST(RunMain, WaitsForAllFibersOfAFunctionThatFails) {
  std::atomic<int> ended{0};
  EXPECT_THROW(weft::run([&ended] {
                 weft::spawn([&ended] {
                   weft::sleep(1ms);
                   ++ended;
                 });
                 throw std::runtime_error("no");
               }),
               std::runtime_error);
  EXPECT_EQ(ended, 1);
}

TEST(RunMain, EndsBackgroundFibersWhenTheOthersHaveEnded) {
  std::atomic<int> turns{0};
  std::atomic<bool> was_ended{false};
  bool other_ended = false;
  weft::run([&] {
    weft::spawn({.background = true}, [&] {
      try {
        for (;;) {
          weft::sleep(1ms);
          ++turns;
        }
      } catch (const FiberExit&) {
        was_ended = true;
        throw;
      }
    });
    weft::spawn({.background = true}, [] { weft::Event().wait(); });
    weft::spawn([&] {
      while (turns == 0) {
        weft::sleep(1ms);
      }
      other_ended = true;
    });
  });
  EXPECT_TRUE(was_ended);
  EXPECT_TRUE(other_ended);
}

TEST(RunMain, NestsAndRunsBesideTheCallersFibers) {
  int others = 0;
  auto other = weft::spawn([&others] { ++others; });
  auto nested = weft::spawn([] { return weft::run([] { return weft::run([] { return 7; }); }); });
  EXPECT_EQ(nested.get(), 7);
  other.join();
  EXPECT_EQ(others, 1);
}

TEST(RunMain, ACallerThatIsKilledKillsTheFunction) {
  std::atomic<bool> has_begun{false};
  std::atomic<bool> was_killed{false};
  auto caller = weft::spawn([&] {
    weft::run([&] {
      has_begun = true;
      try {
        weft::Event().wait();
      } catch (const FiberExit&) {
        was_killed = true;
        throw;
      }
    });
  });
  await([&] { return has_begun.load(); });  // on another kernel thread
  caller.kill();
  EXPECT_TRUE(caller.was_killed());
  EXPECT_TRUE(was_killed);
}

TEST(RunMain, LeavesNoKernelThreadAndNoDescriptor) {
  const int fds_before = count_fds();
  weft::run([] {});  // brings the monitor, which stays
  const int threads_before = count_kernel_threads();
  weft::run({.workers = 2}, [] { weft::sleep(1ms); });
  EXPECT_EQ(count_fds(), fds_before);
  expect_kernel_threads_end(threads_before);
}

TEST(RunMain, SaysWithWhichSeedItHasFailed) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(weft::run({.seed = 5}, [] { return weft::seed(); }), 5U);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  EXPECT_THROW(weft::run({.seed = 5}, [] { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "weft: failed with seed 5; WEFT_SEED=5 gives the same order again\n");
}

}  // namespace
}  // namespace weft
