#include <weft/recursive_mutex.h>
#include <weft/weft.h>

#include <mutex>
#include <system_error>
#include <thread>

#include "tests/runtime/fixture.h"
#include "tests/runtime/from_everywhere.h"
#include "tests/runtime/lockable.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

static_assert(TimedLockable<RecursiveMutex>);
constinit RecursiveMutex constant_recursive_mutex;

class RecursiveMutexTest : public RuntimeTest {};

TEST_F(RecursiveMutexTest, OwnerLocksItAgain) {
  RecursiveMutex mutex;
  const std::scoped_lock outer(mutex);
  std::unique_lock<RecursiveMutex> inner(mutex, 1s);
  EXPECT_TRUE(inner.owns_lock());
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
  inner.unlock();
  EXPECT_TRUE(mutex.owned());
  spawn([&] {
    EXPECT_FALSE(mutex.try_lock()) << "the first one is still there";
    EXPECT_FALSE(mutex.owned());
    EXPECT_TRUE(mutex.locked());
  }).get();
}

TEST_F(RecursiveMutexTest, FibersOfOneThreadExcludeEachOther) {
  RecursiveMutex mutex;
  bool inside = false;
  const auto body = [&] {
    for (int i = 0; i < 100; ++i) {
      const std::lock_guard hold(mutex);
      const std::lock_guard again(mutex);
      EXPECT_FALSE(inside);
      inside = true;
      yield();
      inside = false;
    }
  };
  joinall({spawn(body), spawn(body), spawn(body)});
  EXPECT_FALSE(mutex.locked());
}

TEST_F(RecursiveMutexTest, ExcludesEverybody) {
  RecursiveMutex mutex;
  long count = 0;
  constexpr int kRounds = kSanitized ? 300 : 2000;
  from_everywhere([&] {
    for (int i = 0; i < kRounds; ++i) {
      const std::lock_guard hold(mutex);
      const std::lock_guard again(mutex);
      ++count;
    }
  });
  EXPECT_EQ(count, kBodies * kRounds);
}

TEST_F(RecursiveMutexTest, ThreadStaysTheOwnerWhenItBecomesAMainFiber) {
  RecursiveMutex mutex;
  std::thread([&] {
    const std::lock_guard hold(mutex);
    spawn([&] { EXPECT_FALSE(mutex.try_lock()); }).get();
    EXPECT_TRUE(mutex.owned());
    const std::lock_guard again(mutex);
  }).join();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

TEST_F(RecursiveMutexTest, FiberOwnsItOnEveryWorker) {
  RecursiveMutex mutex;
  Scheduler scheduler{.workers = 2};
  const auto body = [&] {
    for (int i = 0; i < 200; ++i) {
      const std::lock_guard hold(mutex);
      yield();
      EXPECT_TRUE(mutex.owned());
      const std::lock_guard again(mutex);
      yield();
    }
  };
  joinall({scheduler.spawn(body), scheduler.spawn(body), scheduler.spawn(body)});
  EXPECT_FALSE(mutex.locked());
}

TEST_F(RecursiveMutexTest, TimesOut) {
  RecursiveMutex mutex;
  const std::lock_guard hold(mutex);
  spawn([&] {
    expect_times_out([&](auto limit) { return mutex.try_lock_for(limit); });
    EXPECT_FALSE(mutex.try_lock_until(std::chrono::system_clock::now() + 1ms));
  }).get();
}

TEST_F(RecursiveMutexTest, UnlockByAnotherThrows) {
  RecursiveMutex mutex;
  EXPECT_THROW(mutex.unlock(), std::system_error);
  const std::lock_guard hold(mutex);
  spawn([&] { EXPECT_THROW(mutex.unlock(), std::system_error); }).get();
  EXPECT_TRUE(mutex.owned());
}

}  // namespace
}  // namespace weft
