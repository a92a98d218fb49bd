// Fibers on several workers that use the same objects, while others kill them, or their time is up,
// at any moment: nobody is left waiting, and nothing is lost.
#include <weft/detail/shielded.h>
#include <weft/weft.h>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <stdexcept>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

constexpr int kFibers = 8;
constexpr auto kRunTime = 120ms;  // at least, and until all that is looked for has been seen
constexpr auto kMostRunTime = 30s;

struct Disturbance {};

// Each fiber calls `turn` again and again. What ends one turn is no reason not to take the next.
class CancelStress : public RuntimeTest {
 protected:
  template <class Turn>
  void disturb(const Turn& turn) {
    disturb(turn, [] { return true; });
  }
  template <class Turn, class HasSeenAll>
  void disturb(const Turn& turn, const HasSeenAll& has_seen_all) {
    Scheduler scheduler{.workers = 2};
    std::atomic<bool> stop{false};
    Latch started(kFibers);  // who is killed before that never runs
    std::vector<Fiber<void>> fibers;
    for (int i = 0; i < kFibers; ++i) {
      fibers.push_back(scheduler.spawn([&, i] {
        std::minstd_rand random(static_cast<unsigned>(i) + 1);
        started.count_down();
        while (!stop) {
          take(turn, random);
        }
      }));
    }
    const auto killer = scheduler.spawn([&] {
      std::minstd_rand random(99);
      started.wait();
      const Stopwatch watch;
      const auto goes_on = [&] {
        const bool has_all = has_seen_all() && disturbed_ > 0 && done_ > 0;
        return watch.elapsed() < (has_all ? kRunTime : kMostRunTime);
      };
      while (goes_on()) {
        fibers[random() % kFibers].kill_soon(Disturbance());
        yield();
      }
      stop = true;
    });
    killer.join();
    for (const Fiber<void>& fiber : fibers) {
      ASSERT_TRUE(fiber.join_for(60s)) << "somebody is left waiting";
    }
    EXPECT_GT(disturbed_, 0);
    EXPECT_GT(done_, 0);
  }

  std::atomic<long> done_{0};
  std::atomic<long> disturbed_{0};

 private:
  template <class Turn>
  void take(const Turn& turn, std::minstd_rand& random) {
    try {
      Timeout limit;
      if (random() % 4 == 0) {
        limit.start(std::chrono::microseconds(random() % 100));
      }
      turn(random);
      ++done_;
    } catch (const Disturbance&) {
      ++disturbed_;
    } catch (const TimeoutError&) {
      ++disturbed_;
    }
  }
};

TEST_F(CancelStress, LocksAreHeldByOneAndLeftFree) {
  Mutex mutex;
  RecursiveMutex recursive;
  SharedMutex shared;
  long plain = 0;
  std::atomic<long> counted{0};
  std::atomic<int> writers{0};
  disturb([&](auto& random) {
    {
      const std::lock_guard hold(mutex);
      ++plain;
      ++counted;
      if (random() % 2 == 0) {
        yield();
      }
    }
    const std::lock_guard outer(recursive);
    const std::lock_guard inner(recursive);
    if (random() % 3 == 0) {
      const std::lock_guard hold(shared);
      EXPECT_EQ(++writers, 1);
      runtime::yield();
      --writers;
    } else {
      const std::shared_lock hold(shared);
      EXPECT_EQ(writers, 0);
      yield();
    }
  });
  EXPECT_EQ(plain, counted);
  EXPECT_TRUE(mutex.try_lock());
  EXPECT_TRUE(recursive.try_lock());
  EXPECT_TRUE(shared.try_lock());
  mutex.unlock();
  recursive.unlock();
  shared.unlock();
}

// Gives back what it has, whatever ends its turn.
class Permit {
 public:
  explicit Permit(BoundedSemaphore& permits) : permits_(permits) { permits_.acquire(); }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() { permits_.release(); }

 private:
  BoundedSemaphore& permits_;
};

TEST_F(CancelStress, PermitsAreConserved) {
  BoundedSemaphore permits(2);
  std::atomic<int> inside{0};
  disturb([&](auto& random) {
    if (random() % 4 == 0) {
      permits.wait();
      return;
    }
    const Permit permit(permits);
    EXPECT_LE(++inside, 2);
    runtime::yield();
    --inside;
    yield();
  });
  EXPECT_EQ(permits.available(), 2U);
}

TEST_F(CancelStress, ItemsGoThroughAConditionAndNoneIsLost) {
  Mutex mutex;
  Condition changed;
  std::deque<long> items{1, 2, 3};
  const auto take_one = [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !items.empty(); });
    const long item = items.front();
    items.pop_front();
    return item;
  };
  const auto put = [&](long item) {
    const detail::Shielded shielded;  // an item in nobody's hands would be lost by the test
    const std::lock_guard lock(mutex);
    items.push_back(item);
    changed.notify_one();
  };
  disturb([&](auto& /*random*/) {
    const long item = take_one();
    runtime::yield();
    put(item);
    yield();
  });
  long sum = 0;
  for (const long item : items) {
    sum += item;
  }
  EXPECT_EQ(items.size(), 3U);
  EXPECT_EQ(sum, 6);
}

TEST_F(CancelStress, BarriersBreakForAllOrForNobody) {
  constexpr std::size_t kParties = kFibers / 2;
  Barrier barrier(kParties);
  std::atomic<long> broken{0};
  std::atomic<long> called_off{0};
  std::array<std::atomic<long>, kParties> passed{};  // by index
  disturb(
      [&](auto& /*random*/) {
        try {
          ++passed[barrier.wait_for(5ms)];
        } catch (const BrokenBarrier&) {
          ++broken;
          barrier.reset();
        } catch (...) {
          ++called_off;
          throw;
        }
      },
      [&] { return broken > 0 && passed.back() > 0; });
  EXPECT_EQ(barrier.n_waiting(), 0U);
  EXPECT_GT(broken, 0);
  // A round is over when the last has come; of the others only who is called off does not pass.
  const long rounds = passed.back();
  EXPECT_GT(rounds, 0);
  long missing = 0;
  for (const std::atomic<long>& count : passed) {
    EXPECT_LE(count, rounds);
    missing += rounds - count;
  }
  EXPECT_LE(missing, called_off);
}

TEST_F(CancelStress, ResultsReachAllWhoStillWait) {
  disturb([](auto& /*random*/) {
    const AsyncResult<int> result;
    const auto setter = spawn([result] { result.set(42); });
    const auto other = spawn([result] { EXPECT_EQ(result.get_for(60s), 42); });
    EXPECT_EQ(result.get(), 42);
    joinall({setter, other});
  });
}

}  // namespace
}  // namespace weft
