#include "runtime/parking_lot.h"

#include <weft/fiber.h>

#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using lot::Choice;
using lot::Woken;
using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

const auto kAlways = [] { return true; };

class ParkingLot : public RuntimeTest {
 protected:
  // Fibers that park at `address`, one after another, and note their number once woken.
  std::vector<weft::Fiber<void>> park_many(const void* address, int count) {
    std::vector<weft::Fiber<void>> fibers;
    for (int i = 0; i < count; ++i) {
      fibers.push_back(weft::spawn([this, address, i] {
        EXPECT_EQ(lot::park(address, kAlways, {.tag = static_cast<std::uint32_t>(i)}),
                  Woken::kUnparked);
        woken_.push_back(i);
      }));
    }
    yield();
    return fibers;
  }
  // Wakes until somebody was there to be woken.
  static void wake_one(const void* address) {
    while (lot::unpark(address, 1) == 0) {
      yield();
    }
  }
  std::vector<int> woken_;
  int word_ = 0;
  int other_ = 0;
};

TEST_F(ParkingLot, DoesNotSleepIfInvalid) {
  EXPECT_EQ(lot::park(&word_, [] { return false; }), Woken::kInvalid);
  EXPECT_EQ(lot::unpark(&word_, lot::kAll), 0);
}

TEST_F(ParkingLot, WakesTheOldestFirst) {
  const auto fibers = park_many(&word_, 3);
  EXPECT_EQ(lot::unpark(&word_, 2), 2);
  yield();
  EXPECT_EQ(woken_, (std::vector{0, 1}));
  EXPECT_EQ(lot::unpark(&word_, lot::kAll), 1);
  weft::joinall(fibers);
  EXPECT_EQ(woken_, (std::vector{0, 1, 2}));
}

TEST_F(ParkingLot, WakesOnlyTheAddressAsked) {
  const auto fibers = park_many(&word_, 1);
  EXPECT_EQ(lot::unpark(&other_, lot::kAll), 0);
  EXPECT_EQ(lot::unpark(&word_, lot::kAll), 1);
  weft::joinall(fibers);
}

TEST_F(ParkingLot, WakerChoosesByTag) {
  const auto fibers = park_many(&word_, 4);
  int left_behind = -1;
  const auto odd = [](std::uint32_t tag) { return tag % 2 == 1 ? Choice::kWake : Choice::kSkip; };
  EXPECT_EQ(lot::unpark_if(&word_, odd, [&](int, int left) { left_behind = left; }), 2);
  EXPECT_EQ(left_behind, 2);
  yield();
  EXPECT_EQ(woken_, (std::vector{1, 3}));
  lot::unpark(&word_, lot::kAll);
  weft::joinall(fibers);
}

TEST_F(ParkingLot, DeadlineEndsAWait) {
  const Stopwatch watch;
  EXPECT_EQ(lot::park(&word_, kAlways, {.deadline = Deadline::after(5ms)}), Woken::kTimedOut);
  EXPECT_GE(watch.elapsed(), 5ms);
  EXPECT_EQ(lot::unpark(&word_, lot::kAll), 0) << "it must have left the queue";
}

TEST_F(ParkingLot, RequeueMovesWaiters) {
  const auto fibers = park_many(&word_, 5);
  lot::Requeued done = {};
  EXPECT_FALSE(lot::requeue(
      &word_, &other_, [] { return false; }, 1, 2, &done));
  EXPECT_TRUE(lot::requeue(&word_, &other_, kAlways, 1, 2, &done));
  EXPECT_EQ(done.woken, 1);
  EXPECT_EQ(done.moved, 2);
  EXPECT_EQ(lot::unpark(&word_, lot::kAll), 2);
  yield();
  EXPECT_EQ(woken_, (std::vector{0, 3, 4}));
  EXPECT_EQ(lot::unpark(&other_, lot::kAll), 2);
  weft::joinall(fibers);
}

TEST_F(ParkingLot, AMovedWaiterTimesOut) {
  const auto waiter = weft::spawn([this] {
    EXPECT_EQ(lot::park(&word_, kAlways, {.deadline = Deadline::after(5ms)}), Woken::kTimedOut);
  });
  yield();
  lot::Requeued done = {};
  EXPECT_TRUE(lot::requeue(&word_, &other_, kAlways, 0, 1, &done));
  waiter.join();
  EXPECT_EQ(lot::unpark(&other_, lot::kAll), 0);
}

TEST_F(ParkingLot, AForeignThreadWaitsAndTimesOut) {
  std::thread thread([this] {
    EXPECT_EQ(lot::park(&word_, kAlways), Woken::kUnparked);
    EXPECT_EQ(lot::park(&other_, kAlways, {.deadline = Deadline::after(5ms)}), Woken::kTimedOut);
  });
  wake_one(&word_);
  thread.join();
  EXPECT_EQ(lot::unpark(&other_, lot::kAll), 0);
}

// Each wake-up that a waker counted was taken by exactly one waiter, however the deadlines fell.
TEST_F(ParkingLot, TimeoutsRacingWithWakes) {
  constexpr int kRounds = kSanitized ? 300 : 3000;
  std::atomic<int> given{0};
  std::atomic<bool> stop{false};
  std::thread waker([&] {
    while (!stop) {
      given += lot::unpark(&word_, 1);
    }
  });
  int taken = 0;
  std::vector<weft::Fiber<void>> fibers;
  for (int i = 0; i < 4; ++i) {
    fibers.push_back(weft::spawn([this, &taken, i] {
      for (int round = 0; round < kRounds; ++round) {
        const auto timeout = std::chrono::microseconds((round * 7 + i) % 40);
        const Woken woken = lot::park(&word_, kAlways, {.deadline = Deadline::after(timeout)});
        taken += woken == Woken::kUnparked ? 1 : 0;
      }
    }));
  }
  weft::joinall(fibers);
  stop = true;
  waker.join();
  EXPECT_EQ(taken, given.load());
  EXPECT_EQ(lot::unpark(&word_, lot::kAll), 0);
}

class ParkingAnywhere : public ParkingLot {
 protected:
  // A fiber that waits at both words, and what came of it.
  weft::Fiber<void> park_at_both(lot::ParkOptions options = {}) {
    return weft::spawn([this, options] {
      const lot::Place places[] = {{&first_, 0}, {&second_, 0}};
      ended_ = lot::park_any(places, 2, options, &index_);
    });
  }
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
  Woken ended_ = Woken::kInvalid;
  std::size_t index_ = 99;
};

TEST_F(ParkingAnywhere, IsWokenAtAnyOfTheWords) {
  const auto fiber = park_at_both();
  yield();
  EXPECT_EQ(lot::unpark(&second_, lot::kAll), 1);
  fiber.join();
  EXPECT_EQ(ended_, Woken::kUnparked);
  EXPECT_EQ(index_, 1U);
  EXPECT_EQ(lot::unpark(&first_, lot::kAll), 0) << "it has left the other one";
}

TEST_F(ParkingAnywhere, DoesNotSleepIfAnyHasChanged) {
  second_ = 1;
  const auto fiber = park_at_both();
  fiber.join();
  EXPECT_EQ(ended_, Woken::kInvalid);
  EXPECT_EQ(lot::unpark(&first_, lot::kAll), 0);
}

TEST_F(ParkingAnywhere, TimesOutAndLeavesAll) {
  const auto fiber = park_at_both({.deadline = Deadline::after(2ms)});
  fiber.join();
  EXPECT_EQ(ended_, Woken::kTimedOut);
  EXPECT_EQ(lot::unpark(&first_, lot::kAll) + lot::unpark(&second_, lot::kAll), 0);
}

TEST_F(ParkingAnywhere, TheSameWordTwiceTakesTwoWakes) {
  const auto fiber = weft::spawn([this] {
    const lot::Place places[] = {{&first_, 0}, {&first_, 0}};
    ended_ = lot::park_any(places, 2, {}, &index_);
  });
  yield();
  EXPECT_EQ(lot::unpark(&first_, lot::kAll), 2);
  fiber.join();
  EXPECT_EQ(ended_, Woken::kUnparked);
}

}  // namespace
}  // namespace weft::runtime
