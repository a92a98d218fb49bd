// tests/hooks/signal_test.cc: signals of one thread, whatever else runs on its kernel thread.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <deque>
#include <vector>

#include "tests/support/thread.h"

namespace weft::test {
namespace {

constexpr std::size_t kBytes = std::size_t{64} << 10;

/// The calling thread's stack for signals, as long as it lives.
class SignalStack {
 public:
  SignalStack() {
    const stack_t stack = {.ss_sp = memory_.data(), .ss_flags = 0, .ss_size = memory_.size()};
    EXPECT_EQ(sigaltstack(&stack, nullptr), 0);
  }
  ~SignalStack() {
    const stack_t none = {.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    EXPECT_EQ(sigaltstack(&none, nullptr), 0);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;
  [[nodiscard]] bool holds(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const auto low = reinterpret_cast<std::uintptr_t>(memory_.data());
    return at > low && at <= low + memory_.size();
  }

 private:
  std::vector<char> memory_ = std::vector<char>(kBytes);
};

class SignalTest : public testing::Test {
 protected:
  static void handle(int signal, void (*handler)(int), int flags = 0) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ASSERT_EQ(sigaction(signal, &action, nullptr), 0);
  }
  ~SignalTest() override {
    for (const int signal : {SIGUSR1, SIGSEGV}) {
      std::signal(signal, SIG_DFL);
    }
  }
};

thread_local const SignalStack* own_stack = nullptr;
thread_local int handled = 0;
thread_local int handled_elsewhere = 0;
thread_local sigjmp_buf way_out;

void note(int /*signal*/) {
  const char local = 0;
  ++handled;
  handled_elsewhere += own_stack != nullptr && !own_stack->holds(&local) ? 1 : 0;
}

void note_and_wait(int signal) {
  note(signal);
  usleep(100);  // others' handlers run meanwhile
  note(signal);
}

void leave(int signal) {
  note(signal);
  siglongjmp(way_out, 1);
}

TEST_F(SignalTest, HandlersThatWaitRunOnTheThreadsOwnStack) {
  handle(SIGUSR1, note_and_wait, SA_ONSTACK);
  std::atomic<int> good{0};
  constexpr int kThreads = 6;
  {
    std::deque<Thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&good] {
        const SignalStack stack;
        own_stack = &stack;
        for (int round = 0; round < 50; ++round) {
          pthread_kill(pthread_self(), SIGUSR1);
        }
        own_stack = nullptr;
        good += handled == 100 && handled_elsewhere == 0 ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(good, kThreads);
}

TEST_F(SignalTest, AFaultIsHandledOnTheThreadsOwnStackAndLeft) {
  handle(SIGSEGV, leave, SA_ONSTACK);
  std::atomic<int> good{0};
  constexpr int kThreads = 4;
  {
    std::deque<Thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&good] {
        const SignalStack stack;
        own_stack = &stack;
        auto* const page = static_cast<volatile char*>(
            mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        while (handled < 50) {
          if (sigsetjmp(way_out, 1) == 0) {
            page[0] = 1;
          }
          usleep(20);
        }
        own_stack = nullptr;
        good += handled_elsewhere == 0 ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(good, kThreads);
}

TEST_F(SignalTest, AThreadHasNoStackOfAnother) {
  const SignalStack stack;
  stack_t found = {};
  Thread([&found] { EXPECT_EQ(sigaltstack(nullptr, &found), 0); });
  EXPECT_NE(found.ss_flags & SS_DISABLE, 0);
  EXPECT_EQ(sigaltstack(nullptr, &found), 0);
  EXPECT_EQ(found.ss_flags, 0);
  EXPECT_TRUE(stack.holds(static_cast<char*>(found.ss_sp) + 1));
}

TEST_F(SignalTest, AThreadsTimerTellsThatThread) {
  handle(SIGUSR1, note);
  int in_main = -1;
  {
    const int before = handled;
    Thread([] {
      sigevent event = {};
      event.sigev_notify = SIGEV_THREAD_ID;
      event.sigev_signo = SIGUSR1;
      event._sigev_un._tid = gettid();
      timer_t timer = nullptr;
      ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
      const itimerspec soon = {.it_interval = {0, 2'000'000}, .it_value = {0, 2'000'000}};
      ASSERT_EQ(timer_settime(timer, 0, &soon, nullptr), 0);
      while (handled < 5) {
        usleep(500);
      }
      EXPECT_EQ(timer_delete(timer), 0);
    });
    in_main = handled - before;
  }
  EXPECT_EQ(in_main, 0);
}

}  // namespace
}  // namespace weft::test
