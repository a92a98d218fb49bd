#include <weft/detail/shielded.h>
#include <weft/weft.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class Kill : public RuntimeTest {};

TEST_F(Kill, ThrowsAtTheWaitThatTheFiberIsIn) {
  bool was_thrown = false;
  const auto sleeper = spawn([&was_thrown] {
    try {
      sleep(1h);
    } catch (const FiberExit&) {
      was_thrown = true;
      throw;
    }
  });
  yield();
  sleeper.kill();
  EXPECT_TRUE(was_thrown);
  EXPECT_TRUE(sleeper.ready());
}

TEST_F(Kill, ToBeKilledIsNoFailure) {
  const auto sleeper = spawn([] {
    sleep(1h);
    return 1;
  });
  yield();
  EXPECT_TRUE(sleeper.started());
  sleeper.kill();
  EXPECT_TRUE(sleeper.successful());
  EXPECT_TRUE(sleeper.was_killed());
  EXPECT_EQ(sleeper.exception(), nullptr);
  EXPECT_FALSE(sleeper.value().has_value());
  EXPECT_THROW(sleeper.get(), FiberExit);
}

TEST_F(Kill, FiberExitPassesHandlersOfStdException) {
  const auto stubborn = spawn([] {
    try {
      sleep(1h);
    } catch (const std::exception&) {
      FAIL() << "FiberExit is no std::exception";
    }
  });
  yield();
  stubborn.kill();
  EXPECT_TRUE(stubborn.was_killed());
}

TEST_F(Kill, AFiberThatHasNotStartedNeverDoes) {
  bool ran = false;
  auto held = std::make_shared<int>(1);
  const auto fiber = spawn([&ran, held] { ran = true; });
  EXPECT_TRUE(fiber.kill_soon());
  fiber.join();
  EXPECT_FALSE(ran);
  EXPECT_FALSE(fiber.started());
  EXPECT_TRUE(fiber.was_killed());
  EXPECT_EQ(held.use_count(), 1) << "its callable is gone when it has ended";
}

TEST_F(Kill, OfASpawnedLaterBeforeItsTime) {
  bool ran = false;
  const auto fiber = spawn_later(1h, [&ran] { ran = true; });
  yield();
  fiber.kill();
  EXPECT_FALSE(ran);
  EXPECT_FALSE(fiber.started());
}

TEST_F(Kill, SoonSaysWhetherItHadStarted) {
  const auto fiber = spawn([] { sleep(1h); });
  yield();
  EXPECT_FALSE(fiber.kill_soon());
  EXPECT_FALSE(fiber.ready()) << "it does not wait";
  fiber.join();
}

TEST_F(Kill, ThrowsWhateverIsGiven) {
  const auto fiber = spawn([] { sleep(1h); });
  yield();
  fiber.kill(std::runtime_error("enough"));
  EXPECT_FALSE(fiber.successful());
  EXPECT_NE(fiber.exception(), nullptr);
  EXPECT_THROW(fiber.get(), std::runtime_error);
  const auto other = spawn([] { sleep(1h); });
  yield();
  other.kill(std::make_exception_ptr(7));
  EXPECT_THROW(other.get(), int);
}

TEST_F(Kill, MayBeRefused) {
  Event go_on;
  const auto fiber = spawn([&go_on] {
    try {
      sleep(1h);
    } catch (const FiberExit&) {
      // it goes on
    }
    go_on.wait();
    return 5;
  });
  yield();
  EXPECT_FALSE(fiber.kill_for(1ms));
  go_on.set();
  EXPECT_EQ(fiber.get(), 5);
}

TEST_F(Kill, SeveralAreThrownInTurn) {
  std::string seen;
  const auto fiber = spawn([&seen] {
    for (int i = 0; i < 2; ++i) {
      try {
        sleep(1h);
      } catch (int n) {
        seen += std::to_string(n);
      }
    }
  });
  yield();
  fiber.kill_soon(1);
  fiber.kill_soon(2);
  fiber.join();
  EXPECT_EQ(seen, "12");
}

TEST_F(Kill, OfItselfThrowsAtOnce) {
  Fiber<void> self;
  bool went_on = false;
  self = spawn([&] {
    self.kill();
    went_on = true;
  });
  self.join();
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(self.was_killed());
}

TEST_F(Kill, AnEndedFiberIsLeftAlone) {
  const auto fiber = spawn([] { return 3; });
  fiber.join();
  fiber.kill();
  EXPECT_EQ(fiber.get(), 3);
}

TEST_F(Kill, AHandleOfNoFiberIsRefused) {
  EXPECT_THROW(AnyFiber().kill(), std::system_error);
  EXPECT_THROW(killall(std::vector<AnyFiber>(2)), std::system_error);
}

TEST_F(Kill, AWakeUpThatCameFirstCounts) {
  Semaphore semaphore;
  bool acquired = false;
  const auto fiber = spawn([&] {
    semaphore.acquire();
    acquired = true;
    sleep(1h);
  });
  yield();
  semaphore.release();
  fiber.kill();
  EXPECT_TRUE(acquired);
  EXPECT_TRUE(fiber.was_killed()) << "it throws at its next wait";
}

TEST_F(Kill, TheWaiterBehindAKilledOneIsWoken) {
  Semaphore semaphore;
  const auto first = spawn([&] { semaphore.acquire(); });
  const auto second = spawn([&] { semaphore.acquire(); });
  yield();
  first.kill();
  semaphore.release();
  second.join();
  EXPECT_TRUE(first.was_killed());
  EXPECT_EQ(semaphore.available(), 0U);
}

TEST_F(Kill, AndAWakeUpAtOnceLoseNothing) {
  Semaphore semaphore;
  const auto first = spawn([&] { semaphore.acquire(); });
  yield();
  first.kill_soon();
  semaphore.release();
  first.join();
  EXPECT_EQ(semaphore.available(), first.was_killed() ? 1U : 0U);
}

TEST_F(Kill, ComesWithAYield) {
  const auto fiber = spawn([] {
    for (;;) {
      yield();
    }
  });
  yield();
  fiber.kill();
  EXPECT_TRUE(fiber.was_killed());
}

TEST_F(Kill, TheKillerMayBeKilledWhileItWaits) {
  Event end;
  const auto victim = spawn([&end] {
    try {
      sleep(1h);
    } catch (const FiberExit&) {
      end.wait();
    }
  });
  yield();
  const auto killer = spawn([&victim] { victim.kill(); });
  yield();
  killer.kill();
  EXPECT_TRUE(killer.was_killed());
  EXPECT_FALSE(victim.ready());
  end.set();
  victim.join();
}

TEST_F(Kill, KillallEndsThemAll) {
  std::vector<AnyFiber> fibers;
  int started = 0;
  for (int i = 0; i < 10; ++i) {
    fibers.push_back(spawn([&started] {
      ++started;
      sleep(1h);
    }));
    if (i == 4) {
      yield();
    }
  }
  killall(fibers);
  EXPECT_EQ(started, 5) << "those that had not started never do";
  for (const AnyFiber& fiber : fibers) {
    EXPECT_TRUE(fiber.was_killed());
  }
}

TEST_F(Kill, KillallStopsWaitingInTime) {
  Event end;
  const std::vector<AnyFiber> fibers = {spawn([&end] {
    const detail::Shielded shielded;
    end.wait();
  })};
  yield();
  EXPECT_FALSE(killall(1ms, fibers));
  end.set();
  joinall(fibers);
}

// Under ThreadSanitizer: kills from other workers, at any moment of a fiber's life.
TEST(KillStress, AtAnyMoment) {
  constexpr int kRounds = kSanitized ? 300 : 3000;
  if (own_tls_refusal() != nullptr && !kSanitized) {
    GTEST_SKIP() << own_tls_refusal();
  }
  Scheduler scheduler{.workers = 3};
  for (int i = 0; i < kRounds; ++i) {
    Semaphore semaphore;
    const auto victim = scheduler.spawn([&semaphore] {
      semaphore.acquire();
      sleep(1us);
      yield();
    });
    const auto waker = scheduler.spawn([&semaphore] { semaphore.release(); });
    const auto killer = scheduler.spawn([&victim] { victim.kill(); });
    joinall({waker, killer});
    EXPECT_TRUE(victim.ready());
    if (victim.was_killed() && !victim.started()) {
      EXPECT_EQ(semaphore.available(), 1U);
    }
  }
}

}  // namespace
}  // namespace weft
