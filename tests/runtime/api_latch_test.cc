#include <weft/latch.h>
#include <weft/weft.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "tests/runtime/fixture.h"
#include "tests/runtime/from_everywhere.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class LatchTest : public RuntimeTest {};

TEST_F(LatchTest, LetsAllGoWhenItsCountIsZero) {
  Latch latch(3);
  const auto waiter = spawn([&] { latch.wait(); });
  latch.count_down();
  yield();
  EXPECT_FALSE(waiter.ready());
  EXPECT_FALSE(latch.try_wait());
  latch.count_down(2);
  waiter.join();
  EXPECT_TRUE(latch.try_wait());
  latch.wait();
  EXPECT_TRUE(Latch(0).try_wait());
}

TEST_F(LatchTest, EverybodyArrivesAndWaits) {
  Latch latch(kBodies);
  std::atomic<int> arrived{0};
  from_everywhere([&] {
    ++arrived;
    latch.arrive_and_wait();
    EXPECT_EQ(arrived, kBodies);
  });
}

TEST_F(LatchTest, CountingTooFarThrowsAndCountsNothing) {
  Latch latch(2);
  EXPECT_THROW(latch.count_down(3), std::logic_error);
  EXPECT_FALSE(latch.try_wait());
  latch.count_down(2);
  EXPECT_THROW(latch.count_down(), std::logic_error);
  EXPECT_TRUE(latch.try_wait());
}

TEST_F(LatchTest, TimesOut) {
  Latch latch(1);
  expect_times_out([&](auto limit) { return latch.wait_for(limit); });
  EXPECT_FALSE(latch.wait_until(std::chrono::system_clock::now() + 1ms));
  latch.count_down();
  EXPECT_TRUE(latch.wait_for(0ms));
}

TEST_F(LatchTest, MayBeDestroyedByWhomItLetsGo) {
  for (int i = 0; i < 50; ++i) {
    auto latch = std::make_unique<Latch>(2);
    std::thread thread([&other = *latch] { other.count_down(); });
    const auto fiber = spawn([&] { latch->count_down(); });
    latch->wait();
    latch.reset();
    thread.join();
    fiber.join();
  }
}

}  // namespace
}  // namespace weft
