#include <weft/weft.h>

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class ConditionAnyTest : public RuntimeTest {};

TEST_F(ConditionAnyTest, WaitsWithARecursiveMutex) {
  weft::RecursiveMutex mutex;
  weft::ConditionAny condition;
  bool is_ready = false;
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(mutex);
    condition.wait(lock, [&] { return is_ready; });
    return mutex.owned();
  });
  weft::yield();
  {
    const std::lock_guard hold(mutex);  // the waiter has unlocked it
    is_ready = true;
    condition.notify_one();
  }
  EXPECT_TRUE(waiter.get());
  EXPECT_FALSE(mutex.locked());
}

TEST_F(ConditionAnyTest, WaitsWithASharedLockAndAPlainMutex) {
  weft::SharedMutex shared;
  weft::Mutex plain;
  weft::ConditionAny condition;
  auto reader = weft::spawn([&] {
    std::shared_lock lock(shared);
    condition.wait(lock);
    EXPECT_TRUE(lock.owns_lock());
  });
  auto locker = weft::spawn([&] {
    plain.lock();
    condition.wait(plain);
    EXPECT_FALSE(plain.try_lock());
    plain.unlock();
  });
  weft::yield();
  EXPECT_TRUE(shared.try_lock());
  shared.unlock();
  condition.notify_all();
  weft::joinall({reader, locker});
}

TEST_F(ConditionAnyTest, NotifiesAsManyAsAskedInOrder) {
  weft::Mutex mutex;
  weft::ConditionAny condition;
  std::vector<int> woken;
  std::vector<weft::AnyFiber> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.push_back(weft::spawn([&, i] {
      std::unique_lock lock(mutex);
      condition.wait(lock);
      woken.push_back(i);
    }));
  }
  weft::yield();
  condition.notify(2);
  waiters[1].join();
  EXPECT_EQ(woken, (std::vector{0, 1}));
  condition.notify_all();
  weft::joinall(waiters);
  EXPECT_EQ(woken, (std::vector{0, 1, 2, 3}));
}

TEST_F(ConditionAnyTest, TimesOutWithTheLockLocked) {
  weft::RecursiveMutex mutex;
  weft::ConditionAny condition;
  std::unique_lock lock(mutex);
  const Stopwatch watch;
  EXPECT_FALSE(condition.wait_for(lock, 1ms));
  EXPECT_FALSE(condition.wait_until(lock, std::chrono::steady_clock::now() + 1ms));
  EXPECT_FALSE(condition.wait_for(lock, 1ms, [] { return false; }));
  EXPECT_GE(watch.elapsed(), 3ms);
  EXPECT_TRUE(mutex.owned());
}

TEST_F(ConditionAnyTest, AnUnlockedLockIsRefused) {
  weft::RecursiveMutex mutex;
  weft::ConditionAny condition;
  std::unique_lock lock(mutex, std::defer_lock);
  EXPECT_THROW(condition.wait(lock), std::system_error);
  condition.notify_all();  // what it holds inside is free
}

TEST_F(ConditionAnyTest, MayBeDestroyedWhenAllAreNotified) {
  weft::RecursiveMutex mutex;
  auto condition = std::make_unique<weft::ConditionAny>();
  auto waiter = weft::spawn([&] {
    std::unique_lock lock(mutex);
    condition->wait(lock);
  });
  weft::yield();
  condition->notify_all();
  condition.reset();
  waiter.join();
}

TEST_F(ConditionAnyTest, NoNoticeIsLostBetweenFibersAndThreads) {
  constexpr int kTurns = 300;
  weft::SharedMutex mutex;
  weft::ConditionAny condition;
  int turn = 0;
  const auto play = [&](int parity) {
    for (int i = 0; i < kTurns; ++i) {
      std::unique_lock lock(mutex);
      condition.wait(lock, [&] { return turn % 2 == parity; });
      ++turn;
      condition.notify_one();
    }
  };
  std::thread thread([&] { play(1); });
  weft::spawn([&] { play(0); }).join();
  thread.join();
  EXPECT_EQ(turn, 2 * kTurns);
}

}  // namespace
}  // namespace weft
