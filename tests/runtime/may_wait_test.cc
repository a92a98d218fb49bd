// No public call can block the hub: where it would, a debug build ends the process.
#include "runtime/may_wait.h"

#include <weft/weft.h>

#include <thread>

#include "runtime/context.h"
#include "runtime/parking_lot.h"
#include "runtime/worker.h"
#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class MayWaitDeathTest : public testing::Test {
 protected:
  void SetUp() override {
#ifndef WEFT_DEBUG
    GTEST_SKIP() << "only debug builds check it, those of the sanitizers among them";
#endif
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    ASSERT_NE(Scheduler::current_or_start(), nullptr);
  }
};

// Runs it in the scheduler's own code: on the next context's stack, between two fibers.
void in_the_scheduler(void (*call)(Fiber*)) { Worker::leave(current(), {call}); }

constexpr char kInScheduler[] = "no call waits in the scheduler's own code";
constexpr char kUnderLock[] = "no call waits while its caller holds a lock of weft's";

TEST_F(MayWaitDeathTest, NothingWaitsInTheSchedulersCode) {
  EXPECT_DEATH(in_the_scheduler([](Fiber*) { weft::sleep(1ms); }), kInScheduler);
  EXPECT_DEATH(in_the_scheduler([](Fiber*) { weft::yield(); }), kInScheduler);
  EXPECT_DEATH(in_the_scheduler([](Fiber*) { weft::Semaphore(0).acquire(); }), kInScheduler);
  EXPECT_DEATH(in_the_scheduler([](Fiber*) { weft::Event().wait_for(1ms); }), kInScheduler);
  EXPECT_DEATH(in_the_scheduler([](Fiber*) { weft::blocking([] {}); }), kInScheduler);
}

// With a fiber behind it, whose stack the code runs on: current() is that one's.
TEST_F(MayWaitDeathTest, NothingWaitsOnItsWayIntoTheNextFiber) {
  EXPECT_DEATH(
      {
        const auto other = weft::spawn([] {});
        in_the_scheduler([](Fiber*) { weft::sleep(1ms); });
      },
      kInScheduler);
}

TEST_F(MayWaitDeathTest, NothingWaitsUnderASpinLock) {
  SpinLock lock;
  EXPECT_DEATH((lock.lock(), weft::sleep(1ms)), kUnderLock);
  EXPECT_DEATH((lock.lock(), weft::yield()), kUnderLock);
  EXPECT_DEATH((lock.lock(), weft::Semaphore(0).acquire()), kUnderLock);
  EXPECT_DEATH((lock.lock(), weft::blocking([] {})), kUnderLock);
  EXPECT_DEATH((lock.lock(), weft::Channel<int>().receive()), kUnderLock);
}

// Nor by a kernel thread without fibers, for which a fiber may have to wait.
TEST_F(MayWaitDeathTest, NoKernelThreadWaitsUnderASpinLock) {
  SpinLock lock;
  EXPECT_DEATH(std::thread([&lock] {
                 lock.lock();
                 weft::sleep(1ms);
               }).join(),
               kUnderLock);
  EXPECT_DEATH(std::thread([&lock] {
                 weft::Channel<int> channel;
                 lock.lock();
                 channel.receive();
               }).join(),
               kUnderLock);
}

}  // namespace
}  // namespace weft::runtime
