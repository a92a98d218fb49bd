#include "runtime/fiber_signals.h"

#include <weft/fiber.h>

#include <cerrno>

#include "runtime/interruptible.h"
#include "runtime/parking_lot.h"
#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using fiber_signals::bit_of;

// By the handler below.
volatile sig_atomic_t handled_count = 0;
volatile sig_atomic_t last_handled = 0;

void note(int signal) {
  handled_count = handled_count + 1;
  last_handled = signal;
}

class FiberSignals : public test::RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    handled_count = 0;
    last_handled = 0;
    struct sigaction action = {};
    action.sa_handler = note;
    ASSERT_EQ(::sigaction(SIGUSR1, &action, &before_), 0);
    ASSERT_EQ(::sigaction(SIGUSR2, &action, nullptr), 0);
  }
  void TearDown() override {
    ::sigaction(SIGUSR1, &before_, nullptr);
    ::sigaction(SIGUSR2, &before_, nullptr);
    RuntimeTest::TearDown();
  }

  static siginfo_t info(int signal, int value = 0) {
    siginfo_t result = {};
    result.si_signo = signal;
    result.si_code = SI_QUEUE;
    result.si_value.sival_int = value;
    return result;
  }
  // A fiber that blocks all signals, parked until its stop() is called.
  struct Target {
    Fiber* fiber = nullptr;
    bool stopped = false;
    weft::Fiber<void> handle;
    void stop() {
      stopped = true;
      unpark(fiber);
      handle.join();
    }
  };
  static void start(Target& target, std::uint64_t mask) {
    target.handle = weft::spawn([&target, mask] {
      target.fiber = current();
      target.fiber->signal_mask = mask;
      while (!target.stopped) {
        park();
      }
      target.fiber->signal_mask = 0;
      fiber_signals::drop_all(*target.fiber);
    });
    weft::yield();
  }

  struct sigaction before_ = {};
};

constexpr std::uint64_t kAll = ~std::uint64_t{0};

TEST_F(FiberSignals, BlockedOnesStayUntilTaken) {
  Target target;
  start(target, kAll);
  EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGUSR2, 2)), 0);
  EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGUSR1, 1)), 0);
  EXPECT_FALSE(fiber_signals::can_run(*target.fiber));
  siginfo_t taken = {};
  EXPECT_FALSE(fiber_signals::take(*target.fiber, bit_of(SIGTERM), &taken));
  ASSERT_TRUE(fiber_signals::take(*target.fiber, kAll, &taken));
  EXPECT_EQ(taken.si_signo, SIGUSR1);  // the lowest first
  EXPECT_EQ(taken.si_value.sival_int, 1);
  ASSERT_TRUE(fiber_signals::take(*target.fiber, kAll, &taken));
  EXPECT_EQ(taken.si_signo, SIGUSR2);
  EXPECT_FALSE(fiber_signals::take(*target.fiber, kAll, &taken));
  target.stop();
  EXPECT_EQ(handled_count, 0);
}

TEST_F(FiberSignals, OneOfEachNumberIsKept) {
  Target target;
  start(target, kAll);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGUSR1, i)), 0);
  }
  siginfo_t taken = {};
  ASSERT_TRUE(fiber_signals::take(*target.fiber, kAll, &taken));
  EXPECT_EQ(taken.si_value.sival_int, 0);
  EXPECT_FALSE(fiber_signals::take(*target.fiber, kAll, &taken));
  target.stop();
}

TEST_F(FiberSignals, RealTimeOnesAreQueuedInOrder) {
  Target target;
  start(target, kAll);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGRTMIN, i)), 0);
  }
  siginfo_t taken = {};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(fiber_signals::take(*target.fiber, kAll, &taken));
    EXPECT_EQ(taken.si_value.sival_int, i);
  }
  EXPECT_FALSE(fiber_signals::take(*target.fiber, kAll, &taken));
  target.stop();
}

TEST_F(FiberSignals, TooManyAreRefusedAndNoneIsLost) {
  Target target;
  start(target, kAll);
  int sent = 0;
  while (fiber_signals::send(*target.fiber, info(SIGRTMIN, sent)) == 0) {
    ASSERT_LT(++sent, 100'000);
  }
  EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGRTMIN, sent)), EAGAIN);
  siginfo_t taken = {};
  for (int i = 0; i < sent; ++i) {
    ASSERT_TRUE(fiber_signals::take(*target.fiber, kAll, &taken));
  }
  EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGRTMIN)), 0);
  target.stop();
}

TEST_F(FiberSignals, AwaitedOnesCountThoughBlocked) {
  Target target;
  start(target, kAll);
  target.fiber->awaited_signals = bit_of(SIGUSR1);
  EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGUSR2)), 0);
  EXPECT_FALSE(fiber_signals::can_run(*target.fiber));
  EXPECT_EQ(fiber_signals::send(*target.fiber, info(SIGUSR1)), 0);
  EXPECT_TRUE(fiber_signals::can_run(*target.fiber));
  target.fiber->awaited_signals = 0;
  target.stop();
}

TEST_F(FiberSignals, IgnoredOnesAreDroppedUnlessBlocked) {
  ::signal(SIGUSR1, SIG_IGN);
  Target ready;
  start(ready, 0);
  EXPECT_EQ(fiber_signals::send(*ready.fiber, info(SIGUSR1)), 0);
  EXPECT_EQ(ready.fiber->pending_signals.load(), 0U);
  ready.stop();
  Target blocking;
  start(blocking, kAll);
  EXPECT_EQ(fiber_signals::send(*blocking.fiber, info(SIGUSR1)), 0);
  EXPECT_EQ(blocking.fiber->pending_signals.load(), bit_of(SIGUSR1));
  blocking.stop();
}

// The handler runs as the fiber that the signal is for, and ends its wait.
TEST_F(FiberSignals, AParkedFiberWakesAndRunsItsHandlers) {
  bool is_interrupted = false;
  Fiber* target = nullptr;
  const auto waiter = weft::spawn([&] {
    target = current();
    Interruptible interruptible(*target, true);
    while (!interruptible.has_ended()) {
      park();
    }
    is_interrupted = true;
    EXPECT_EQ(handled_count, 0);
    fiber_signals::run_handlers(*target);
  });
  weft::yield();
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(fiber_signals::send(*target, info(SIGUSR1)), 0);
  waiter.join();
  EXPECT_TRUE(is_interrupted);
  EXPECT_EQ(handled_count, 1);
  EXPECT_EQ(last_handled, SIGUSR1);
}

// They may leave by a jump, so nothing of the wait may be left when they run.
TEST_F(FiberSignals, AWaitThatIsNotInterruptibleEndsBeforeTheyRun) {
  const int word = 0;
  lot::Woken ended = lot::Woken::kUnparked;
  Fiber* target = nullptr;
  const auto waiter = weft::spawn([&] {
    target = current();
    ended = lot::park(&word, [] { return true; });
  });
  weft::yield();
  EXPECT_EQ(fiber_signals::send(*target, info(SIGUSR1)), 0);
  waiter.join();
  EXPECT_EQ(ended, lot::Woken::kInterrupted);
  EXPECT_EQ(handled_count, 1);
  EXPECT_EQ(last_handled, SIGUSR1);
  EXPECT_EQ(lot::unpark(&word, lot::kAll), 0);
}

TEST_F(FiberSignals, SaysWhatRan) {
  Fiber& self = *current();
  using fiber_signals::HandlersRun;
  EXPECT_EQ(fiber_signals::run_handlers(self), HandlersRun::kNone);
  fiber_signals::note_handler(self, true);
  EXPECT_EQ(fiber_signals::run_handlers(self), HandlersRun::kRestarting);
  fiber_signals::note_handler(self, true);
  fiber_signals::note_handler(self, false);
  fiber_signals::note_handler(self, true);
  EXPECT_EQ(fiber_signals::run_handlers(self), HandlersRun::kInterrupting);
  EXPECT_EQ(fiber_signals::run_handlers(self), HandlersRun::kNone);
}

}  // namespace
}  // namespace weft::runtime
