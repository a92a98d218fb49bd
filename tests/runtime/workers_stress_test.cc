// Several workers under stress. Each wait is bounded: a lost wake-up is a failure and not a hang.
#include <unistd.h>
#include <weft/weft.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

// A sanitizer makes each event ten times as dear.
constexpr int kEvents = kSanitized ? 1'000'000 : 10'000'000;
constexpr auto kLongest = 30s;

class WorkersStress : public RuntimeTest {};

// Fibers in a ring hand tokens on. A token that is lost, or one too many, shows in the sum.
struct Ring {
  static constexpr int kFibers = 64;
  static constexpr int kTokens = 48;
  struct Place {
    std::atomic<Fiber*> fiber{nullptr};
    std::atomic<int> tokens{0};
  };
  Place places[kFibers];
  std::atomic<int> events{0};
  std::atomic<int> late{0};

  void hand_on(int to) {
    places[to].tokens.fetch_add(1);
    if (Fiber* const fiber = places[to].fiber.load()) {
      unpark(fiber);
    }
  }
  [[nodiscard]] bool is_over() const { return events.load(std::memory_order_relaxed) >= kEvents; }

  void stand_at(int index) {
    std::minstd_rand random(static_cast<unsigned>(index));
    Place& place = places[index];
    place.fiber = current();
    while (!is_over()) {
      events.fetch_add(1, std::memory_order_relaxed);
      if (place.tokens.load() == 0) {
        late += park_until(Deadline::after(kLongest)) ? 0 : 1;
        continue;
      }
      place.tokens.fetch_sub(1);
      const unsigned dice = random() % 4096;
      if (dice == 0) {
        weft::blocking([] { ::usleep(10); });  // the queue changes hands
      } else if (dice < 64) {
        weft::yield();
      } else if (dice < 80) {
        static_cast<void>(park_until(Deadline::after(50us)));  // timers, and tokens in between
      }
      hand_on((index + 1) % kFibers);
    }
    // The others may be parked.
    for (Place& other : places) {
      if (Fiber* const fiber = other.fiber.load()) {
        unpark(fiber);
      }
    }
  }
};

TEST_F(WorkersStress, ParkUnparkStealAndHandoff) {
  Ring ring;
  {
    weft::Scheduler scheduler{.workers = 4};
    for (int i = 0; i < Ring::kFibers; ++i) {
      scheduler.spawn([&ring, i] { ring.stand_at(i); });
    }
    for (int i = 0; i < Ring::kTokens; ++i) {
      ring.hand_on(i);
    }
  }
  EXPECT_GE(ring.events, kEvents);
  EXPECT_EQ(ring.late, 0) << "a wake-up was lost";
  int tokens = 0;
  for (const Ring::Place& place : ring.places) {
    tokens += place.tokens;
  }
  EXPECT_EQ(tokens, Ring::kTokens);
}

// A bounded queue of weft's own locks.
class Queue {
 public:
  // False if it took too long.
  bool put(int value) {
    std::unique_lock hold(mutex_);
    if (!not_full_.wait_for(hold, kLongest, [this] { return values_.size() < kCapacity; })) {
      return false;
    }
    values_.push_back(value);
    hold.unlock();
    not_empty_.notify_one();
    return true;
  }
  bool take(int& value) {
    std::unique_lock hold(mutex_);
    if (!not_empty_.wait_for(hold, kLongest, [this] { return !values_.empty(); })) {
      return false;
    }
    value = values_.front();
    values_.pop_front();
    hold.unlock();
    not_full_.notify_one();
    return true;
  }

 private:
  static constexpr std::size_t kCapacity = 16;
  weft::Mutex mutex_;
  weft::Condition not_empty_;
  weft::Condition not_full_;
  std::deque<int> values_;
};

// Fibers of two schedulers and four kernel threads without one: half of each give, half take.
template <class Give, class Take>
void on_both_sides(Give give, Take take) {
  constexpr int kFibers = 8;
  weft::Scheduler first{.workers = 2};
  weft::Scheduler second{.workers = 2};
  std::vector<std::thread> threads;
  for (int i = 0; i < kFibers; ++i) {
    first.spawn(i % 2 == 0 ? std::function<void()>(give) : std::function<void()>(take));
    second.spawn(i % 2 == 0 ? std::function<void()>(give) : std::function<void()>(take));
  }
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(i % 2 == 0 ? std::function<void()>(give) : std::function<void()>(take));
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

constexpr int kPerActor = kSanitized ? 2'000 : 20'000;
constexpr int kGivers = 10;

TEST_F(WorkersStress, QueueOfTwoSchedulersAndForeignThreads) {
  Queue queue;
  std::atomic<long> given{0};
  std::atomic<long> taken{0};
  std::atomic<int> late{0};
  on_both_sides(
      [&] {
        for (int i = 0; i < kPerActor; ++i) {
          late += queue.put(i) ? 0 : 1;
          given += i;
        }
      },
      [&] {
        for (int i = 0; i < kPerActor; ++i) {
          int value = 0;
          late += queue.take(value) ? 0 : 1;
          taken += value;
        }
      });
  EXPECT_EQ(late, 0) << "a wake-up was lost";
  EXPECT_EQ(given, taken);
}

TEST_F(WorkersStress, SemaphoreOfTwoSchedulersAndForeignThreads) {
  weft::Semaphore semaphore(0);
  std::atomic<int> late{0};
  on_both_sides(
      [&] {
        for (int i = 0; i < kPerActor; ++i) {
          semaphore.release();
        }
      },
      [&] {
        for (int i = 0; i < kPerActor; ++i) {
          late += semaphore.try_acquire_for(kLongest) ? 0 : 1;
        }
      });
  EXPECT_EQ(late, 0) << "a wake-up was lost";
  EXPECT_FALSE(semaphore.try_acquire()) << "more was taken than given";
}

TEST_F(WorkersStress, MutexOfTwoSchedulersAndForeignThreads) {
  weft::Mutex mutex;
  long sum = 0;
  const auto add = [&] {
    for (int i = 0; i < kPerActor; ++i) {
      const std::lock_guard hold(mutex);
      ++sum;
    }
  };
  on_both_sides(add, add);
  EXPECT_EQ(sum, 2L * kGivers * kPerActor);
}

}  // namespace
}  // namespace weft::runtime
