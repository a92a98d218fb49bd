#include <weft/sync.h>
#include <weft/weft.h>

#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/runtime/from_everywhere.h"
#include "tests/runtime/lockable.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

static_assert(sizeof(Mutex) == 4 && sizeof(Condition) == 4 && sizeof(Semaphore) == 4 &&
              sizeof(Event) == 4);
constinit Mutex constant_mutex;
constinit Condition constant_condition;
constinit Semaphore constant_semaphore(1);
constinit Event constant_event;
static_assert(TimedLockable<Mutex>);

class Sync : public RuntimeTest {
 protected:
  static constexpr int kRounds = kSanitized ? 300 : 3000;
};

TEST_F(Sync, MutexExcludesEverybody) {
  Mutex mutex;
  long count = 0;
  from_everywhere([&] {
    for (int i = 0; i < kRounds; ++i) {
      const std::lock_guard hold(mutex);
      ++count;
    }
  });
  EXPECT_EQ(count, kBodies * kRounds);
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

TEST_F(Sync, MutexHeldAcrossASwitchKeepsOthersOut) {
  Mutex mutex;
  bool inside = false;
  const auto body = [&] {
    for (int i = 0; i < 100; ++i) {
      const std::lock_guard hold(mutex);
      EXPECT_FALSE(inside);
      inside = true;
      yield();
      inside = false;
    }
  };
  joinall({spawn(body), spawn(body), spawn(body)});
}

TEST_F(Sync, MutexWaitersDoNotStarve) {
  Mutex mutex;
  bool stop = false;
  const auto hog = spawn([&] {
    while (!stop) {
      mutex.lock();
      yield();
      mutex.unlock();  // and at once again
    }
  });
  yield();
  const auto waiter = spawn([&] {
    const std::lock_guard hold(mutex);
    stop = true;
  });
  EXPECT_TRUE(waiter.join_for(10s));
  stop = true;
  hog.join();
}

TEST_F(Sync, MutexTimesOut) {
  Mutex mutex;
  mutex.lock();
  EXPECT_FALSE(mutex.try_lock());
  spawn([&mutex] {
    EXPECT_FALSE(mutex.try_lock());
    expect_times_out([&](auto limit) { return mutex.try_lock_for(limit); });
    EXPECT_FALSE(mutex.try_lock_until(std::chrono::system_clock::now() + 1ms));
  }).get();
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock_for(0ms));
  mutex.unlock();
}

TEST_F(Sync, MutexTimeoutsRacingWithUnlocks) {
  Mutex mutex;
  long count = 0;
  std::atomic<long> locked{0};
  from_everywhere([&] {
    for (int i = 0; i < kRounds; ++i) {
      if (mutex.try_lock_for(std::chrono::microseconds(i % 30))) {
        ++count;
        ++locked;
        if (i % 16 == 0) {
          yield();
        }
        mutex.unlock();
      }
    }
  });
  EXPECT_EQ(count, locked.load());
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

TEST_F(Sync, ConditionHandsOverABatonToEverybody) {
  Mutex mutex;
  Condition condition;
  int turn = 0;
  std::atomic<int> next_id{0};
  from_everywhere([&] {
    const int id = next_id++;
    for (int i = 0; i < kRounds / 10; ++i) {
      std::unique_lock lock(mutex);
      condition.wait(lock, [&] { return turn % kBodies == id; });
      ++turn;
      condition.notify_all();
    }
  });
  EXPECT_EQ(turn, kBodies * (kRounds / 10));
}

TEST_F(Sync, ConditionNotifiesOneOrAll) {
  Mutex mutex;
  Condition condition;
  int woken = 0;
  std::vector<Fiber<void>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(spawn([&] {
      std::unique_lock lock(mutex);
      condition.wait(lock);
      EXPECT_TRUE(lock.owns_lock());
      ++woken;
    }));
  }
  yield();
  condition.notify_one();
  yield();
  yield();
  EXPECT_EQ(woken, 1);
  condition.notify_all();
  joinall(waiters);
  EXPECT_EQ(woken, 3);
}

TEST_F(Sync, ConditionNotifiesAsManyAsAsked) {
  Mutex mutex;
  Condition condition;
  std::string order;
  std::vector<Fiber<void>> waiters;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    waiters.push_back(spawn([&, name] {
      std::unique_lock lock(mutex);
      condition.wait(lock);
      order += name;
    }));
  }
  yield();
  condition.notify(0);
  condition.notify(2);
  yield();
  yield();
  EXPECT_EQ(order, "ab") << "the oldest";
  condition.notify(7);
  joinall(waiters);
  EXPECT_EQ(order, "abcd");
}

TEST_F(Sync, ConditionTimesOutWithTheMutexLocked) {
  Mutex mutex;
  Condition condition;
  std::unique_lock lock(mutex);
  expect_times_out([&](auto limit) { return condition.wait_for(lock, limit); });
  EXPECT_FALSE(mutex.try_lock());
  EXPECT_FALSE(condition.wait_for(lock, 1ms, [] { return false; }));
  EXPECT_TRUE(condition.wait_for(lock, 1ms, [] { return true; }));
  EXPECT_FALSE(condition.wait_until(lock, std::chrono::steady_clock::now() + 1ms));
  lock.unlock();
  EXPECT_THROW(condition.wait(lock), std::system_error);
}

TEST_F(Sync, SemaphoreCountsForEverybody) {
  Semaphore permits(3);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  from_everywhere([&] {
    for (int i = 0; i < kRounds; ++i) {
      permits.acquire();
      const int now = ++inside;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      if (i % 8 == 0) {
        yield();
      }
      --inside;
      permits.release();
    }
  });
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(permits.available(), 3U);
}

TEST_F(Sync, SemaphoreServesInOrder) {
  Semaphore permits;
  std::string order;
  std::vector<Fiber<void>> waiters;
  for (const char name : {'a', 'b', 'c'}) {
    waiters.push_back(spawn([&, name] {
      permits.acquire();
      order += name;
    }));
  }
  yield();
  permits.release(2);
  EXPECT_FALSE(permits.try_acquire()) << "the permits belong to those who waited";
  yield();
  EXPECT_EQ(order, "ab");
  permits.release(2);
  joinall(waiters);
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(permits.available(), 1U);
}

TEST_F(Sync, SemaphoreTimesOutAndLosesNoPermit) {
  Semaphore permits;
  expect_times_out([&](auto limit) { return permits.try_acquire_for(limit); });
  permits.release();
  EXPECT_TRUE(permits.try_acquire_until(std::chrono::steady_clock::now()));

  std::atomic<long> taken{0};
  std::atomic<long> given{0};
  from_everywhere([&] {
    for (int i = 0; i < kRounds; ++i) {
      permits.release();
      ++given;
      taken += permits.try_acquire_for(std::chrono::microseconds(i % 20)) ? 1 : 0;
    }
  });
  EXPECT_EQ(permits.available(), static_cast<std::uint32_t>(given - taken));
}

TEST_F(Sync, SemaphoreDoesNotOverflow) {
  Semaphore permits(0x7fff'fffe);
  permits.release();
  EXPECT_THROW(permits.release(), std::system_error);
  EXPECT_EQ(permits.available(), 0x7fff'ffffU);
}

TEST_F(Sync, SemaphoreMayBeDestroyedByWhomItLetsGo) {
  for (int i = 0; i < kRounds; ++i) {
    auto done = std::make_unique<Semaphore>();
    std::thread thread;
    const auto fiber = spawn([&] { done->release(); });
    if (i % 100 == 0) {
      thread = std::thread([&permits = *done] { permits.release(); });
      done->acquire();
    }
    done->acquire();
    if (thread.joinable()) {
      thread.join();
    }
    done.reset();
    fiber.join();
  }
}

TEST_F(Sync, EventLetsAllGoAndStaysSet) {
  Event event;
  std::atomic<int> gone{0};
  std::thread setter([&event] { event.set(); });
  from_everywhere([&] {
    event.wait();
    ++gone;
  });
  setter.join();
  EXPECT_EQ(gone, kBodies);
  EXPECT_TRUE(event.is_set());
  event.wait();
}

TEST_F(Sync, EventClearedAtOnceStillWakesThoseWhoWaited) {
  Event event;
  const auto waiter = spawn([&event] { event.wait(); });
  yield();
  event.set();
  event.clear();
  EXPECT_FALSE(event.is_set());
  EXPECT_TRUE(waiter.join_for(10s));
}

TEST_F(Sync, EventTimesOut) {
  Event event;
  expect_times_out([&](auto limit) { return event.wait_for(limit); });
  EXPECT_FALSE(event.wait_until(std::chrono::steady_clock::now() + 1ms));
  event.set();
  EXPECT_TRUE(event.wait_for(0ms));
}

}  // namespace
}  // namespace weft
