#include <weft/weft.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class PoolApi : public RuntimeTest {};

TEST_F(PoolApi, SpawnWaitsWhileItIsFull) {
  Pool pool(2);
  Event go_on;
  const auto wait = [&go_on] { go_on.wait(); };
  pool.spawn(wait);
  pool.spawn(wait);
  EXPECT_TRUE(pool.full());
  bool spawned = false;
  const auto spawner = spawn([&] {
    pool.spawn([] {});
    spawned = true;
  });
  yield();
  EXPECT_FALSE(spawned);
  go_on.set();
  spawner.join();
  EXPECT_TRUE(spawned);
  pool.join();
  EXPECT_EQ(pool.free_count(), 2U);
  EXPECT_EQ(pool.maxsize(), 2U);
}

TEST_F(PoolApi, TrySpawnAndSpawnNowaitDoNotWait) {
  Pool pool(1);
  Event go_on;
  EXPECT_TRUE(pool.try_spawn([](Event* event) { event->wait(); }, &go_on).has_value());
  EXPECT_FALSE(pool.try_spawn([] {}).has_value());
  EXPECT_THROW(pool.spawn_nowait([] {}), PoolFull);
  go_on.set();
  pool.join();
  EXPECT_EQ(pool.spawn_nowait([] { return 2; }).get(), 2);
}

TEST_F(PoolApi, WaitAvailableTakesNoRoom) {
  Pool pool(1);
  pool.wait_available();
  Event go_on;
  pool.spawn([&go_on] { go_on.wait(); });
  EXPECT_FALSE(pool.wait_available_for(1ms));
  const auto waiter = spawn([&pool] { pool.wait_available(); });
  yield();
  EXPECT_FALSE(waiter.ready());
  go_on.set();
  waiter.join();
  EXPECT_EQ(pool.free_count(), 1U);
}

TEST_F(PoolApi, AddAndDiscardCount) {
  Pool pool(1);
  Event go_on;
  const auto fiber = spawn([&go_on] { go_on.wait(); });
  pool.add(fiber);
  EXPECT_TRUE(pool.full());
  pool.discard(fiber);
  EXPECT_EQ(pool.free_count(), 1U);
  go_on.set();
  fiber.join();
  EXPECT_EQ(pool.free_count(), 1U) << "its room was given back once";
}

TEST_F(PoolApi, AFailedSpawnKeepsNoRoom) {
  Pool pool(1);
  EXPECT_THROW(pool.spawn({.stack_bytes = std::size_t{1} << 60}, [] {}), std::system_error);
  EXPECT_EQ(pool.free_count(), 1U);
  EXPECT_EQ(pool.size(), 0U);
}

TEST_F(PoolApi, WhoIsKilledWhileItWaitsTakesNoRoom) {
  Pool pool(1);
  const auto sleeper = pool.spawn([] { sleep(1h); });
  const auto spawner = spawn([&pool] { pool.spawn([] {}); });
  yield();
  spawner.kill();
  sleeper.kill();
  pool.join();
  EXPECT_EQ(pool.free_count(), 1U);
}

TEST_F(PoolApi, MapKeepsTheOrderAndTheSize) {
  Pool pool(2);
  int inside = 0;
  int most = 0;
  const auto work = [&](int n) {
    most = std::max(most, ++inside);
    yield();
    --inside;
    return n * n;
  };
  const std::vector<int> items = {1, 2, 3, 4, 5};
  const std::vector<int> squares = {1, 4, 9, 16, 25};
  EXPECT_EQ(pool.map(work, items), squares);
  EXPECT_EQ(most, 2);
  std::vector<int> seen;
  for (const int n : pool.imap_unordered(work, items, 1)) {
    seen.push_back(n);
  }
  EXPECT_EQ(seen, squares) << "one at a time";
}

TEST_F(PoolApi, NeverMoreThanItsSizeBetweenWorkersAndThreads) {
  constexpr int kEach = kSanitized ? 100 : 500;
  Pool pool(3);
  std::atomic<int> inside{0};
  std::atomic<int> ran{0};
  std::atomic<bool> too_many{false};
  const auto work = [&] {
    if (++inside > 3) {
      too_many = true;
    }
    yield();
    --inside;
    ++ran;
  };
  const auto spawn_many = [&] {
    for (int i = 0; i < kEach; ++i) {
      pool.spawn(work);
    }
    pool.join();
  };
  {
    Scheduler scheduler{.workers = 2};
    const auto first = scheduler.spawn(spawn_many);
    const auto second = scheduler.spawn(spawn_many);
    std::thread thread(spawn_many);
    joinall({first, second});
    thread.join();
  }
  EXPECT_FALSE(too_many);
  EXPECT_EQ(ran, 3 * kEach);
  EXPECT_EQ(pool.free_count(), 3U);
}

}  // namespace
}  // namespace weft
