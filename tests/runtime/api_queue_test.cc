#include <weft/weft.h>

#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class QueueApi : public RuntimeTest {};
class JoinableQueueApi : public RuntimeTest {};

static_assert(std::ranges::input_range<Queue<std::unique_ptr<int>>>);

TEST_F(QueueApi, FirstInFirstOut) {
  Queue<int> queue;
  for (const int n : {1, 2, 3}) {
    queue.put(n);
  }
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_EQ(queue.get(), 2);
  EXPECT_EQ(queue.get(), 3);
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueApi, LifoGivesTheLastFirst) {
  LifoQueue<int> queue(2);
  queue.put(1);
  queue.put(2);
  const auto putter = spawn([&queue] { queue.put(3); });
  yield();
  EXPECT_EQ(queue.get(), 2) << "what waits to be put is not in it";
  EXPECT_EQ(queue.get(), 3);
  EXPECT_EQ(queue.get(), 1);
  putter.join();
}

TEST_F(QueueApi, PriorityGivesTheLeastFirst) {
  PriorityQueue<int> least;
  PriorityQueue<std::string, std::greater<>> greatest;
  for (const int n : {3, 1, 2}) {
    least.put(n);
    greatest.put(std::to_string(n));
  }
  EXPECT_EQ(least.peek(), 1);
  for (const int n : {1, 2, 3}) {
    EXPECT_EQ(least.get(), n);
    EXPECT_EQ(greatest.get(), std::to_string(4 - n));
  }
}

TEST_F(QueueApi, PutWaitsWhileItIsFull) {
  Queue<int> queue(2);
  EXPECT_EQ(queue.maxsize(), 2U);
  int put = 0;
  const auto putter = spawn([&] {
    for (; put < 4; ++put) {
      queue.put(put);
    }
  });
  yield();
  EXPECT_EQ(put, 2);
  EXPECT_TRUE(queue.full());
  for (int n = 0; n < 4; ++n) {
    EXPECT_EQ(queue.get(), n);
  }
  putter.join();
}

TEST_F(QueueApi, MaxsizeZeroIsUnlimited) {
  Queue<int> queue;
  EXPECT_EQ(queue.maxsize(), 0U);
  for (int n = 0; n < 1000; ++n) {
    queue.put_nowait(n);
  }
  EXPECT_FALSE(queue.full());
  SimpleQueue<int> simple;
  EXPECT_TRUE(simple.try_put(1));
  EXPECT_EQ(simple.get_nowait(), 1);
}

TEST_F(QueueApi, NowaitThrows) {
  Queue<int> queue(1);
  EXPECT_THROW(queue.get_nowait(), QueueEmpty);
  EXPECT_THROW(queue.peek_nowait(), QueueEmpty);
  queue.put_nowait(1);
  EXPECT_THROW(queue.put_nowait(2), QueueFull);
  EXPECT_EQ(queue.peek_nowait(), 1);
  EXPECT_EQ(queue.get_nowait(), 1);
}

TEST_F(QueueApi, TryAndTimeoutsAreReturnValues) {
  Queue<int> queue(1);
  EXPECT_EQ(queue.try_get(), std::nullopt);
  EXPECT_EQ(queue.try_peek(), std::nullopt);
  const Stopwatch watch;
  EXPECT_EQ(queue.get_for(2ms), std::nullopt);
  EXPECT_EQ(queue.peek_until(std::chrono::steady_clock::now() + 2ms), std::nullopt);
  EXPECT_GE(watch.elapsed(), 4ms);
  EXPECT_TRUE(queue.put_for(1, 1h));
  EXPECT_FALSE(queue.put_for(2, 1ms));
  EXPECT_FALSE(queue.put_until(2, std::chrono::system_clock::now() + 1ms));
  EXPECT_FALSE(queue.try_put(2));
  EXPECT_EQ(queue.peek_for(1h), 1);
  EXPECT_EQ(queue.get_until(std::chrono::steady_clock::now()), 1);
  EXPECT_EQ(queue.size(), 0U);
}

TEST_F(QueueApi, TakesWhatCanOnlyBeMoved) {
  Queue<std::unique_ptr<int>> queue(1);
  auto second = std::make_unique<int>(2);
  queue.put(std::make_unique<int>(1));
  EXPECT_FALSE(queue.try_put(std::move(second)));
  // NOLINTNEXTLINE(bugprone-use-after-move): that is what is promised
  ASSERT_NE(second, nullptr) << "what was not put is left alone";
  EXPECT_EQ(*queue.get(), 1);
  const auto getter = spawn([&queue] { return *queue.get(); });
  yield();
  queue.put(std::move(second));
  EXPECT_EQ(getter.get(), 2);
}

TEST_F(QueueApi, ServesThoseWhoWaitInOrder) {
  Queue<int> queue;
  std::string order;
  std::vector<Fiber<void>> getters;
  for (const char name : {'a', 'b', 'c'}) {
    getters.push_back(spawn([&, name] {
      const int n = queue.get();
      order += name + std::to_string(n);
    }));
  }
  yield();
  queue.put(1);
  queue.put(2);
  EXPECT_EQ(queue.try_get(), std::nullopt) << "they belong to those who waited";
  queue.put(3);
  joinall(getters);
  EXPECT_EQ(order, "a1b2c3");
}

TEST_F(QueueApi, PeekLeavesTheItemToWhoGets) {
  Queue<int> queue;
  const auto peeker = spawn([&queue] { return queue.peek(); });
  const auto getter = spawn([&queue] { return queue.get(); });
  yield();
  queue.put(7);
  EXPECT_EQ(peeker.get(), 7);
  EXPECT_EQ(getter.get(), 7);
  const auto other = spawn([&queue] { return queue.peek(); });
  yield();
  queue.put(8);
  EXPECT_EQ(other.get(), 8);
  EXPECT_EQ(queue.size(), 1U);
}

TEST_F(QueueApi, RangeEndsAtShutdown) {
  Queue<int> queue;
  const auto sum = spawn([&queue] {
    int total = 0;
    for (const int n : queue) {
      total += n;
    }
    return total;
  });
  yield();
  queue.put(1);
  queue.put(2);
  queue.shutdown();
  EXPECT_EQ(sum.get(), 3);
}

TEST_F(QueueApi, ShutdownDrainsAndThenThrows) {
  Queue<int> queue(1);
  queue.put(1);
  const auto putter = spawn([&queue] { queue.put(2); });
  yield();
  queue.shutdown();
  EXPECT_TRUE(queue.is_shutdown());
  EXPECT_THROW(putter.get(), QueueShutdown);
  EXPECT_THROW(queue.put(3), QueueShutdown);
  EXPECT_EQ(queue.peek(), 1);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_THROW(queue.get(), QueueShutdown);
  EXPECT_THROW(queue.get_nowait(), QueueShutdown);
  EXPECT_THROW(queue.peek(), QueueShutdown);
}

TEST_F(QueueApi, ShutdownWakesThoseWhoWait) {
  Queue<int> queue;
  const auto getter = spawn([&queue] { queue.get(); });
  const auto peeker = spawn([&queue] { queue.peek(); });
  yield();
  queue.shutdown();
  EXPECT_THROW(getter.get(), QueueShutdown);
  EXPECT_THROW(peeker.get(), QueueShutdown);
}

TEST_F(QueueApi, ImmediateShutdownDropsAll) {
  auto item = std::make_shared<int>(1);
  JoinableQueue<std::shared_ptr<int>> queue;
  queue.put(item);
  queue.put(item);
  const auto joiner = spawn([&queue] { queue.join(); });
  yield();
  EXPECT_FALSE(joiner.ready());
  queue.shutdown(true);
  EXPECT_EQ(item.use_count(), 1);
  EXPECT_THROW(queue.get(), QueueShutdown);
  joiner.get();
}

TEST_F(QueueApi, WhoIsKilledTakesNothing) {
  Queue<int> queue(1);
  const auto getter = spawn([&queue] { queue.get(); });
  yield();
  getter.kill();
  EXPECT_TRUE(queue.try_put(1));
  const auto putter = spawn([&queue] { queue.put(2); });
  yield();
  putter.kill();
  EXPECT_EQ(queue.get(), 1);
  EXPECT_EQ(queue.try_get(), std::nullopt);
}

TEST_F(QueueApi, AnItemOnItsWayWinsOverAKill) {
  Queue<int> queue;
  int got = 0;
  const auto getter = spawn([&] {
    got = queue.get();
    yield();
    sleep(1h);
  });
  yield();
  queue.put(5);
  getter.kill();
  EXPECT_EQ(got, 5);
}

TEST_F(QueueApi, ALimitOfTimeEndsAWait) {
  Queue<int> queue;
  EXPECT_THROW(
      {
        const Timeout limit(1ms);
        queue.get();
      },
      TimeoutError);
  queue.put(1);
  EXPECT_EQ(queue.get(), 1);
}

struct Fragile {
  explicit Fragile(bool* breaks) : breaks_(breaks) {}
  Fragile(Fragile&& other) : breaks_(other.breaks_) {  // NOLINT: it is there to throw
    if (*breaks_) {
      throw std::runtime_error("broken");
    }
  }
  bool* breaks_;
};

TEST_F(QueueApi, AMoveThatThrowsFailsBothSides) {
  bool breaks = false;
  Queue<Fragile> queue;
  const auto getter = spawn([&queue] { queue.get(); });
  yield();
  Fragile item(&breaks);
  breaks = true;
  EXPECT_THROW(queue.try_put(std::move(item)), std::runtime_error);
  EXPECT_THROW(getter.get(), std::runtime_error);
  breaks = false;
  EXPECT_TRUE(queue.try_put(Fragile(&breaks)));
  queue.get();
}

TEST_F(JoinableQueueApi, JoinWaitsForAllTasks) {
  JoinableQueue<int> queue;
  queue.join();
  queue.put(1);
  queue.put(2);
  EXPECT_EQ(queue.unfinished_tasks(), 2U);
  const auto joiner = spawn([&queue] { queue.join(); });
  EXPECT_FALSE(queue.join_for(1ms));
  queue.get();
  queue.task_done();
  queue.get();
  yield();
  EXPECT_FALSE(joiner.ready()) << "one is in work";
  queue.task_done();
  EXPECT_TRUE(queue.join_until(std::chrono::steady_clock::now()));
  joiner.join();
}

TEST_F(JoinableQueueApi, TaskDoneInExcessThrows) {
  JoinableQueue<int> queue;
  EXPECT_THROW(queue.task_done(), std::logic_error);
  queue.put(1);
  queue.task_done();
  EXPECT_THROW(queue.task_done(), std::logic_error);
}

TEST_F(JoinableQueueApi, AnItemHandedOverCountsAsATask) {
  JoinableQueue<int> queue;
  const auto getter = spawn([&queue] { return queue.get(); });
  yield();
  queue.put(1);
  EXPECT_EQ(getter.get(), 1);
  EXPECT_EQ(queue.unfinished_tasks(), 1U);
}

// Producers and consumers on fibers of several workers and on plain threads; some of them give up
// now and then, some are killed. Nothing is lost, nothing comes twice.
TEST_F(QueueApi, EveryItemOnceBetweenWorkersAndThreads) {
  constexpr int kEach = kSanitized ? 300 : 2000;
  constexpr int kProducers = 4;
  Queue<int> queue(3);
  std::atomic<long> put{0};
  std::atomic<long> got{0};
  const auto produce = [&] {
    for (int n = 1; n <= kEach; ++n) {
      while (!queue.put_for(n, std::chrono::microseconds(n % 50))) {
      }
      put += n;
    }
  };
  const auto consume = [&] {
    try {
      for (int n = 0;; ++n) {
        got += queue.get_for(std::chrono::microseconds(n % 30)).value_or(0);
      }
    } catch (const QueueShutdown&) {
    }
  };
  {
    Scheduler scheduler{.workers = 2};
    std::vector<Fiber<void>> consumers;
    for (int i = 0; i < 2; ++i) {
      consumers.push_back(scheduler.spawn(consume));
    }
    std::thread consumer(consume);
    std::vector<Fiber<void>> producers;
    for (int i = 0; i < kProducers - 1; ++i) {
      producers.push_back(scheduler.spawn(produce));
    }
    std::thread producer(produce);
    for (int i = 0; i < 50; ++i) {
      const auto victim = scheduler.spawn([&] {
        for (;;) {
          got += queue.get();
        }
      });
      yield();
      victim.kill();
    }
    joinall(producers);
    producer.join();
    queue.shutdown();
    joinall(consumers);
    consumer.join();
  }
  EXPECT_EQ(put.load(), static_cast<long>(kProducers) * kEach * (kEach + 1) / 2);
  EXPECT_EQ(got.load(), put.load());
}

// As with an Event: whoever is served may destroy it.
TEST_F(QueueApi, MayBeDestroyedByWhomItServes) {
  Scheduler scheduler{.workers = 2};
  for (int i = 0; i < (kSanitized ? 100 : 1000); ++i) {
    auto done = std::make_unique<Queue<int>>();
    const auto putter = scheduler.spawn([&queue = *done] { queue.put(1); });
    done->get();
    done.reset();
    putter.join();
  }
}

}  // namespace
}  // namespace weft
