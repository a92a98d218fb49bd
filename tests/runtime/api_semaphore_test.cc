#include <weft/bounded_semaphore.h>
#include <weft/semaphore.h>
#include <weft/weft.h>

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/runtime/from_everywhere.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

constinit BoundedSemaphore constant_bounded_semaphore(2);

class SemaphoreTest : public RuntimeTest {};

TEST_F(SemaphoreTest, WaitTakesNoPermit) {
  Semaphore permits;
  std::string order;
  const auto waits = [&](char name) { return spawn([&, name] { permits.wait(), order += name; }); };
  const auto takes = [&](char name) {
    return spawn([&, name] { permits.acquire(), order += name; });
  };
  const std::vector<Fiber<void>> all{waits('a'), takes('b'), waits('c'), takes('d'), waits('e')};
  yield();
  permits.release();
  yield();
  EXPECT_EQ(order, "ab") << "those behind find none";
  permits.release(3);
  joinall(all);
  EXPECT_EQ(order, "abcde");
  EXPECT_EQ(permits.available(), 2U);
  permits.wait();
  EXPECT_EQ(permits.available(), 2U);
}

TEST_F(SemaphoreTest, WaitTimesOut) {
  Semaphore permits;
  expect_times_out([&](auto limit) { return permits.wait_for(limit); });
  EXPECT_FALSE(permits.wait_until(std::chrono::system_clock::now() + 1ms));
  EXPECT_TRUE(permits.locked());
  permits.release();
  EXPECT_FALSE(permits.locked());
  EXPECT_TRUE(permits.wait_for(0ms));
  EXPECT_TRUE(permits.wait_until(std::chrono::steady_clock::now()));
}

TEST_F(SemaphoreTest, WaitersOnAllThreadsHearOfEachPermit) {
  Semaphore permits;
  std::thread thread([&] { permits.wait(); });
  const auto fiber = spawn([&] { permits.wait(); });
  yield();
  std::thread([&] { permits.release(); }).join();
  thread.join();
  fiber.join();
  EXPECT_TRUE(permits.try_acquire());
}

TEST_F(SemaphoreTest, CanBeWaitedForBesideOthers) {
  Semaphore permits;
  Event event;
  const auto taker = spawn([&] { permits.acquire(); });
  yield();
  const auto waiter = spawn([&] {
    const std::vector<Semaphore*> one{&permits};
    EXPECT_EQ(wait(one).size(), 1U);
    event.set();
  });
  yield();
  permits.release();
  yield();
  EXPECT_FALSE(event.is_set()) << "the one before it has taken it";
  permits.release();
  waiter.join();
  EXPECT_EQ(permits.available(), 1U) << "it takes none";
  taker.join();
}

TEST_F(SemaphoreTest, TryingInALoopLetsOthersRun) {
  Semaphore permits;
  const auto releaser = spawn([&] { permits.release(); });
  int tries = 0;
  while (!permits.try_acquire() && tries < 1000) {
    ++tries;
  }
  EXPECT_LT(tries, 1000);
  releaser.join();
}

TEST_F(SemaphoreTest, BoundedThrowsForOneReleaseTooMany) {
  BoundedSemaphore permits(2);
  EXPECT_THROW(permits.release(), std::logic_error);
  EXPECT_EQ(permits.available(), 2U);
  permits.acquire();
  EXPECT_THROW(permits.release(2), std::logic_error);
  EXPECT_EQ(permits.available(), 1U) << "it has released none";
  permits.release();
  EXPECT_EQ(permits.available(), 2U);
  EXPECT_EQ(permits.bound(), 2U);
}

TEST_F(SemaphoreTest, BoundedTimesOutAndLosesNoPermit) {
  BoundedSemaphore permits(1);
  permits.acquire();
  expect_times_out([&](auto limit) { return permits.try_acquire_for(limit); });
  EXPECT_FALSE(permits.try_acquire_until(std::chrono::system_clock::now() + 1ms));
  EXPECT_FALSE(permits.wait_for(1ms));
  permits.release();
  EXPECT_EQ(permits.available(), 1U);
  EXPECT_TRUE(permits.try_acquire_for(1h));
  permits.release();
}

TEST_F(SemaphoreTest, BoundedCountsWhatWasHandedToWaiters) {
  BoundedSemaphore permits(1);
  permits.acquire();
  const auto waiter = spawn([&] {
    permits.acquire();
    yield();
    permits.release();
  });
  yield();
  EXPECT_THROW(permits.release(2), std::logic_error);
  permits.release();
  EXPECT_TRUE(permits.locked()) << "the waiter has it";
  waiter.join();
  EXPECT_THROW(permits.release(), std::logic_error);
  EXPECT_FALSE(permits.locked());
}

TEST_F(SemaphoreTest, BoundedStaysWithinItsBoundForEverybody) {
  BoundedSemaphore permits(3);
  std::atomic<int> inside{0};
  from_everywhere([&] {
    for (int i = 0; i < (kSanitized ? 300 : 2000); ++i) {
      if (permits.try_acquire_for(std::chrono::microseconds(i % 50))) {
        EXPECT_LE(++inside, 3);
        if (i % 8 == 0) {
          yield();
        }
        --inside;
        permits.release();
      }
      permits.wait();
    }
  });
  EXPECT_EQ(permits.available(), 3U);
  EXPECT_THROW(permits.release(), std::logic_error);
}

}  // namespace
}  // namespace weft
