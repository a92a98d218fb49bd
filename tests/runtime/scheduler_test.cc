#include "runtime/scheduler.h"

#include <weft/fiber.h>

#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class SchedulerTest : public RuntimeTest {};

TEST_F(SchedulerTest, RunningCodeBecomesTheMainFiber) {
  EXPECT_EQ(current(), &scheduler_->main_fiber());
  EXPECT_TRUE(scheduler_->is_alone());
  EXPECT_STREQ(current()->name, "main");
}

TEST_F(SchedulerTest, AnUnparkBeforeTheParkIsKept) {
  weft::spawn([] {
    unpark(current());
    park();
  }).join();
}

TEST_F(SchedulerTest, UnparkTwiceCountsOnce) {
  weft::spawn([] {
    unpark(current());
    unpark(current());
    park();
    EXPECT_FALSE(park_until(Deadline::after(2ms)));
  }).join();
}

TEST_F(SchedulerTest, UnparkOfAReadyFiberDoesNotQueueItTwice) {
  Fiber* parked = nullptr;
  int wakes = 0;
  const auto fiber = weft::spawn([&] {
    parked = current();
    park();
    ++wakes;
    EXPECT_FALSE(park_until(Deadline::after(2ms)));
  });
  yield();
  unpark(parked);
  unpark(parked);
  fiber.join();
  EXPECT_EQ(wakes, 1);
}

TEST_F(SchedulerTest, DeadlineEndsAParkAndNotTooEarly) {
  const Stopwatch watch;
  EXPECT_FALSE(park_until(Deadline::after(5ms)));
  EXPECT_GE(watch.elapsed(), 5ms);
}

TEST_F(SchedulerTest, AForeignThreadMayUnparkVeryOften) {
  constexpr int kTimes = 100'000;
  std::atomic<int> sent{0};
  Fiber* const self = current();
  std::thread sender([&] {
    for (int i = 0; i < kTimes; ++i) {
      sent.fetch_add(1, std::memory_order_release);
      unpark(self);
    }
  });
  while (sent.load(std::memory_order_acquire) < kTimes) {
    park();
  }
  sender.join();
}

TEST_F(SchedulerTest, TwoSchedulersWakeEachOther) {
  constexpr int kRounds = 2000;
  std::atomic<Fiber*> there{nullptr};
  std::atomic<int> ball{0};
  Fiber* const here = current();
  std::thread thread([&] {
    weft::spawn([&] {
      there = current();
      for (int round = 0; round < kRounds; ++round) {
        while (ball.load() % 2 == 0) {
          park();
        }
        ++ball;
        unpark(here);
      }
    }).join();
  });
  while (there.load() == nullptr) {
    yield();
  }
  for (int round = 0; round < kRounds; ++round) {
    ++ball;
    unpark(there);
    while (ball.load() % 2 == 1) {
      park();
    }
  }
  thread.join();
  EXPECT_EQ(ball, 2 * kRounds);
}

TEST_F(SchedulerTest, YieldGivesEveryReadyFiberOneTurn) {
  std::vector<int> turns;
  std::vector<weft::Fiber<void>> fibers;
  for (int i = 0; i < 3; ++i) {
    fibers.push_back(weft::spawn([&turns, i] {
      for (int turn = 0; turn < 100; ++turn) {
        turns.push_back(i);
        yield();
      }
    }));
  }
  weft::joinall(fibers);
  ASSERT_EQ(turns.size(), 300U);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    EXPECT_EQ(turns[i], static_cast<int>(i % 3)) << "at turn " << i;
  }
}

TEST_F(SchedulerTest, BusyFibersDoNotStarveTimersAndOtherThreads) {
  std::atomic<bool> told{false};
  bool slept = false;
  Fiber* waiter = nullptr;
  const auto sleeper = weft::spawn([&] {
    while (park_until(Deadline::after(1ms))) {
    }
    slept = true;
  });
  const auto told_one = weft::spawn([&] {
    waiter = current();
    while (!told) {
      park();
    }
  });
  yield();
  std::thread teller([&] {
    told = true;
    unpark(waiter);
  });
  const auto busy = weft::spawn([&] {
    while (!slept || !told_one.ready()) {
      yield();
    }
  });
  weft::joinall({sleeper, told_one, busy});
  teller.join();
}

void end_at_once(Fiber* fiber) {
  fiber->result = fiber->argument;
  Scheduler::end_current();
}
void end_when_unparked(Fiber*) {
  park();
  Scheduler::end_current();
}

TEST_F(SchedulerTest, JoinReturnsTheResult) {
  int argument = 0;
  Fiber* const fiber = scheduler_->spawn({.name = "short"}, end_at_once, &argument);
  EXPECT_EQ(scheduler_->live_fibers(), 2);
  void* result = nullptr;
  EXPECT_EQ(Scheduler::join(fiber, Deadline::never(), &result), lot::Woken::kUnparked);
  EXPECT_EQ(result, &argument);
}

TEST_F(SchedulerTest, JoinTimesOutAndCanBeRepeated) {
  Fiber* const fiber = scheduler_->spawn({}, end_when_unparked, nullptr);
  const Stopwatch watch;
  EXPECT_EQ(Scheduler::join(fiber, Deadline::after(3ms), nullptr), lot::Woken::kTimedOut);
  EXPECT_GE(watch.elapsed(), 3ms);
  unpark(fiber);
  EXPECT_EQ(Scheduler::join(fiber, Deadline::never(), nullptr), lot::Woken::kUnparked);
}

TEST_F(SchedulerTest, ADetachedFiberFreesItself) {
  Fiber* const fiber = scheduler_->spawn({}, end_when_unparked, nullptr);
  yield();
  Scheduler::detach(fiber);
  unpark(fiber);
  yield();
  EXPECT_EQ(fiber->state, FiberState::kFree);
}

TEST_F(SchedulerTest, ListsItsFibers) {
  const auto fiber = weft::spawn({.name = "listed"}, [] {});
  std::vector<std::uint64_t> ids;
  scheduler_->for_each_fiber([&ids](const Fiber& f) { ids.push_back(f.id); });
  EXPECT_EQ(ids, (std::vector{fiber.id(), current()->id}));
  fiber.join();
}

TEST_F(SchedulerTest, FibersHaveTheirOwnErrno) {
  const auto body = [](int mine) {
    for (int i = 0; i < 10; ++i) {
      errno = mine;
      yield();
      EXPECT_EQ(errno, mine);
    }
  };
  errno = 1;
  weft::joinall({weft::spawn(body, 2), weft::spawn(body, 3)});
  EXPECT_EQ(errno, 1);
}

TEST_F(SchedulerTest, AThreadThatEndsLeavesNothingBehind) {
  for (int i = 0; i < 100; ++i) {  // more than there are hubs
    std::thread([] { weft::spawn([] {}).join(); }).join();
  }
}

}  // namespace
}  // namespace weft::runtime
