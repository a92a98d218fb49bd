#include <unistd.h>
#include <weft/weft.h>

#include <atomic>
#include <thread>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class WaitForOthers : public RuntimeTest {};

TEST_F(WaitForOthers, ReturnsWhenAllHaveEnded) {
  weft::wait();  // nobody is there
  int ended = 0;
  weft::spawn([&ended] {
    weft::spawn([&ended] {
      weft::yield();
      ++ended;
    });
    weft::sleep(1ms);
    ++ended;
  });
  weft::wait();
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(weft::active_count(), 1U);
}

TEST_F(WaitForOthers, DoesNotWaitForBackgroundFibers) {
  weft::Event event;
  auto background = weft::spawn({.background = true}, [&event] { event.wait(); });
  weft::spawn([] { weft::yield(); });
  weft::wait();
  EXPECT_FALSE(background.ready());
  EXPECT_EQ(weft::active_count(), 2U);
  event.set();
  background.join();
}

TEST_F(WaitForOthers, TimesOut) {
  weft::Event event;
  auto other = weft::spawn([&event] { event.wait(); });
  const Stopwatch watch;
  EXPECT_FALSE(weft::wait(2ms));
  EXPECT_GE(watch.elapsed(), 2ms);
  event.set();
  EXPECT_TRUE(weft::wait(1h));
  EXPECT_TRUE(other.ready());
}

TEST_F(WaitForOthers, SeveralDoNotWaitForEachOther) {
  auto first = weft::spawn([] { weft::wait(); });
  auto second = weft::spawn([] { weft::wait(); });
  weft::spawn([] { weft::sleep(1ms); });
  weft::wait();
  weft::joinall({first, second});
}

TEST_F(WaitForOthers, TheMainFiberIsNobodyToWaitFor) {
  auto waiter = weft::spawn([] {
    auto other = weft::spawn([] { weft::sleep(1ms); });
    weft::wait();
    return other.ready();
  });
  EXPECT_TRUE(waiter.get());
}

TEST_F(WaitForOthers, WorksInAForksChild) {
  if (fork_refusal() != nullptr) {
    GTEST_SKIP() << fork_refusal();
  }
  auto fiber = weft::spawn([] {
    auto left_behind = weft::spawn([] { weft::sleep(1h); });
    const pid_t child = weft::fork();
    if (child == 0) {
      auto other = weft::spawn([] { weft::sleep(1ms); });
      weft::wait();
      ::_exit(other.ready() ? 0 : 1);
    }
    const int status = weft::wait_child(child);
    left_behind.kill();
    return status;
  });
  EXPECT_EQ(fiber.get(), 0);
}

TEST_F(WaitForOthers, IsEndedByAKillAndCountsNoMore) {
  weft::Event event;
  auto other = weft::spawn([&event] { event.wait(); });
  auto waiter = weft::spawn([] { weft::wait(); });
  weft::yield();
  waiter.kill();
  EXPECT_TRUE(waiter.was_killed());
  EXPECT_FALSE(weft::wait(1ms)) << "the other is still there";
  event.set();
  weft::wait();
  EXPECT_TRUE(other.ready());
}

TEST_F(WaitForOthers, OffAFiberThereAreNone) {
  auto other = weft::spawn([] { weft::sleep(1h); });
  std::thread([] { weft::wait(); }).join();
  EXPECT_FALSE(other.ready());
  other.kill();
}

TEST_F(WaitForOthers, BackgroundFibersThatComeAndGoDoNotHideTheEnd) {
  for (int round = 0; round < 20; ++round) {
    weft::run({.workers = 2}, [] {
      std::atomic<bool> is_over{false};
      auto spawner = weft::spawn({.background = true}, [&is_over] {
        while (!is_over) {
          weft::spawn({.background = true}, [] {});
          weft::yield();
        }
      });
      weft::spawn([] { weft::yield(); });
      weft::wait();
      is_over = true;
      spawner.join();
    });
  }
}

}  // namespace
}  // namespace weft
