#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/child.h>
#include <weft/event.h>
#include <weft/fiber.h>
#include <weft/on_signal.h>
#include <weft/sleep.h>
#include <weft/unhandled.h>

#include <cerrno>
#include <stdexcept>

#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

// Counts calls, and waits for them.
class Calls {
 public:
  void operator()() {
    ++count_;
    came_.set();
  }
  void await(int count) {
    while (count_ < count) {
      came_.clear();
      came_.wait();
    }
  }
  [[nodiscard]] int count() const { return count_; }

 private:
  int count_ = 0;
  Event came_;
};

struct sigaction action_of(int signal) {
  struct sigaction action = {};
  ::sigaction(signal, nullptr, &action);
  return action;
}

// Handlers' descriptors are kept for the next ones: they are there before the count.
class OnSignal : public RuntimeTest {
 protected:
  void SetUp() override {
    {
      const SignalHandler one = on_signal(SIGUSR1, [] {});
      const SignalHandler two = on_signal(SIGUSR1, [] {});
      const SignalHandler three = on_signal(SIGUSR1, [] {});
    }
    let_others_end();
    RuntimeTest::SetUp();
  }
  void TearDown() override {
    let_others_end();
    RuntimeTest::TearDown();
  }
};

TEST_F(OnSignal, IsCalledOnAFiberWhichMayWait) {
  Calls calls;
  int signal = 0;
  bool on_fiber = false;
  const SignalHandler handler = on_signal(SIGUSR1, [&](int given) {
    weft::sleep(1ms);
    signal = given;
    on_fiber = this_fiber::on_fiber();
    calls();
  });
  ::kill(::getpid(), SIGUSR1);
  calls.await(1);
  EXPECT_EQ(signal, SIGUSR1);
  EXPECT_TRUE(on_fiber);
  ::kill(::getpid(), SIGUSR1);
  calls.await(2);
}

TEST_F(OnSignal, SeveralHandlersOfOneSignalAreAllCalled) {
  Calls first;
  Calls second;
  Calls other;
  const SignalHandler one = on_signal(SIGUSR1, [&] { first(); });
  const SignalHandler two = on_signal(SIGUSR1, [&] { second(); });
  const SignalHandler three = on_signal(SIGUSR2, [&] { other(); });
  ::raise(SIGUSR1);
  first.await(1);
  second.await(1);
  EXPECT_EQ(other.count(), 0);
}

TEST_F(OnSignal, TheLastTokenRestoresWhatWasBefore) {
  ::signal(SIGUSR1, SIG_IGN);
  {
    SignalHandler one = on_signal(SIGUSR1, [] {});
    SignalHandler two = on_signal(SIGUSR1, [] {});
    one.cancel();
    EXPECT_FALSE(one.is_active());
    EXPECT_NE(action_of(SIGUSR1).sa_handler, SIG_IGN);
    EXPECT_TRUE(two.is_active());
  }
  EXPECT_EQ(action_of(SIGUSR1).sa_handler, SIG_IGN);
  {
    const SignalHandler one = on_signal(SIGUSR1, [] {});
    ::signal(SIGUSR1, SIG_DFL);  // somebody else's
  }
  EXPECT_EQ(action_of(SIGUSR1).sa_handler, SIG_DFL);
}

TEST_F(OnSignal, MayCancelItself) {
  Calls calls;
  SignalHandler handler;
  handler = on_signal(SIGUSR1, [&] {
    handler.cancel();
    calls();
  });
  ::raise(SIGUSR1);
  calls.await(1);
  EXPECT_FALSE(handler.is_active());
}

TEST_F(OnSignal, WhatItThrowsIsUnhandledAndItIsCalledAgain) {
  int unhandled = 0;
  const auto before = on_unhandled([&](const Unhandled&) { ++unhandled; });
  {
    Calls calls;
    const SignalHandler handler = on_signal(SIGUSR1, [&] {
      calls();
      throw std::runtime_error("no");
    });
    ::raise(SIGUSR1);
    calls.await(1);
    ::raise(SIGUSR1);
    calls.await(2);
    let_others_end();
  }
  let_others_end();
  on_unhandled(before);
  EXPECT_EQ(unhandled, 2);
}

TEST_F(OnSignal, AreNoneForSignalsThatCannotBeHandled) {
  for (const int signal : {0, SIGKILL, _NSIG}) {
    EXPECT_EQ(error_of([&] { const SignalHandler handler = on_signal(signal, [] {}); }), EINVAL)
        << signal;
  }
}

TEST_F(OnSignal, AChildsSignalsAreNotTheParents) {
  if (fork_refusal() != nullptr) {
    GTEST_SKIP() << fork_refusal();
  }
  Calls calls;
  SignalHandler handler = on_signal(SIGUSR1, [&] { calls(); });
  weft::yield();
  const pid_t child = weft::fork();
  if (child == 0) {
    ::alarm(20);
    ::raise(SIGUSR1);
    Calls own;
    SignalHandler again = on_signal(SIGUSR1, [&] { own(); });
    handler.cancel();
    ::raise(SIGUSR1);
    own.await(1);
    ::_exit(0);
  }
  EXPECT_EQ(wait_child(child), 0);
  EXPECT_EQ(calls.count(), 0);
}

}  // namespace
}  // namespace weft
