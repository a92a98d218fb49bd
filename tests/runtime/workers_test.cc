// Several workers: stealing, handoff, blocking(), and what a scheduler of them refuses.
#include <sys/wait.h>
#include <unistd.h>
#include <weft/weft.h>

#include <atomic>
#include <cerrno>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class WorkersTest : public RuntimeTest {};

TEST_F(WorkersTest, SpawnReturnsWhatTheFiberReturns) {
  weft::Scheduler scheduler{.workers = 2};
  EXPECT_EQ(scheduler.spawn([](int a, int b) { return a + b; }, 2, 3).get(), 5);
  EXPECT_THROW(scheduler.spawn([] { throw std::runtime_error("thrown"); }).get(),
               std::runtime_error);
}

TEST_F(WorkersTest, WithoutANumberThereIsOneWorkerPerUsableCpu) {
  const weft::Scheduler scheduler;
  EXPECT_GE(scheduler.workers, 1);
  EXPECT_LE(scheduler.workers, static_cast<int>(std::thread::hardware_concurrency()));
}

TEST_F(WorkersTest, TheEndWaitsForAllFibersAndLeavesNoKernelThread) {
  const int before = count_kernel_threads();
  std::atomic<int> ended{0};
  {
    weft::Scheduler scheduler{.workers = 4};
    for (int i = 0; i < 100; ++i) {
      scheduler.spawn([&ended] {
        weft::sleep(2ms);
        ++ended;
      });
    }
  }
  EXPECT_EQ(ended, 100);
  expect_kernel_threads_end(before);
}

TEST_F(WorkersTest, SchedulersComeAndGo) {
  for (int i = 0; i < 100; ++i) {  // more than there are hubs
    weft::Scheduler scheduler{.workers = 1 + i % 3};
    EXPECT_EQ(scheduler.spawn([i] { return i; }).get(), i);
  }
}

TEST_F(WorkersTest, RefusesSharedTls) {
  weft::Scheduler scheduler{.workers = 2};
  try {
    scheduler.spawn({.own_tls = false}, [] {});
    FAIL() << "no exception";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EINVAL);
    EXPECT_NE(std::string(error.what()).find("own_tls"), std::string::npos) << error.what();
  }
  // A fiber's own children belong to its scheduler.
  const auto child = scheduler.spawn([] { weft::spawn({.own_tls = false}, [] {}).join(); });
  EXPECT_THROW(child.get(), std::system_error);
}

TEST_F(WorkersTest, RefusesSenselessNumbers) {
  for (const int workers : {0, -1, 257}) {
    EXPECT_THROW(weft::Scheduler{.workers = workers}, std::system_error) << workers;
  }
}

TEST_F(WorkersTest, ReadyFibersOfABusyWorkerAreStolen) {
  weft::Scheduler scheduler{.workers = 2};
  // It never leaves its worker, and its child can only run on another one.
  scheduler
      .spawn([] {
        std::atomic<bool> has_run{false};
        const pid_t here = ::gettid();
        pid_t there = 0;
        const auto child = weft::spawn([&] {
          there = ::gettid();
          has_run = true;
        });
        while (!has_run) {
        }
        EXPECT_NE(here, there);
        child.join();
      })
      .get();
}

TEST_F(WorkersTest, ASpinningFiberIsLeftAloneOnItsKernelThread) {
  weft::Scheduler scheduler{.workers = 1};
  std::atomic<bool> flag{false};
  const auto spinner = scheduler.spawn([&flag] {
    while (!flag) {
    }
  });
  const auto setter = scheduler.spawn([&flag] {
    weft::sleep(1ms);  // needs the timers, too
    flag = true;
  });
  EXPECT_TRUE(spinner.join_for(30s));
  setter.join();
}

TEST_F(WorkersTest, BlockingHandsOffAtOnce) {
  constexpr int kRounds = 100;
  weft::Scheduler scheduler{.workers = 1};
  int fast = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Stopwatch watch;
    std::atomic<bool> other_has_run{false};
    const auto blocker = scheduler.spawn([&] {
      const auto other = weft::spawn([&] { other_has_run = true; });
      weft::blocking([&] {
        while (!other_has_run) {
          std::this_thread::yield();
        }
      });
      other.join();
    });
    blocker.get();
    fast += watch.elapsed() < 10ms ? 1 : 0;
  }
  // The monitor alone would take at least a slice (10 ms) for each.
  EXPECT_GT(fast, kRounds / 4);
}

TEST_F(WorkersTest, BlockingPassesResultsAndExceptionsOn) {
  const auto check = [] {
    EXPECT_EQ(weft::blocking([] { return 42; }), 42);
    EXPECT_THROW(weft::blocking([] { throw std::runtime_error("thrown"); }), std::runtime_error);
  };
  check();  // the only fiber
  const auto sleeper = weft::spawn([] { weft::sleep(20ms); });
  check();  // on a thread's scheduler, where others wait
  sleeper.join();
  std::thread(check).join();  // off a fiber
  weft::Scheduler scheduler{.workers = 2};
  const auto other = scheduler.spawn([] { weft::sleep(20ms); });
  scheduler.spawn(check).get();
  other.join();
}

TEST_F(WorkersTest, BlockingOnAThreadsSchedulerStopsNobody) {
  bool other_has_run = false;
  std::atomic<bool> may_return{false};
  const auto other = weft::spawn([&] {
    other_has_run = true;
    may_return = true;
  });
  weft::blocking([&] {
    while (!may_return) {
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(other_has_run);
  other.join();
}

// Not inlined: a compiler may keep the address of errno, and where TLS is borrowed that changes.
[[gnu::noinline]] void set_errno(int value) { errno = value; }
[[gnu::noinline]] int get_errno() { return errno; }

TEST_F(WorkersTest, ErrnoAndExceptionsMoveWithTheirFiber) {
  constexpr int kFibers = 64;
  weft::Scheduler scheduler{.workers = 4};
  std::vector<weft::Fiber<void>> fibers;
  std::atomic<int> moves{0};
  for (int mine = 1; mine <= kFibers; ++mine) {
    fibers.push_back(scheduler.spawn([mine, &moves] {
      pid_t last = ::gettid();
      for (int i = 0; i < 200; ++i) {
        try {
          throw mine;
        } catch (int caught) {
          set_errno(mine);
          weft::yield();
          if (i % 50 == 0) {
            weft::blocking([] {});  // its kernel thread becomes a spare: it goes on elsewhere
          }
          EXPECT_EQ(get_errno(), mine);
          EXPECT_EQ(caught, mine);
          try {
            throw;
          } catch (int again) {
            EXPECT_EQ(again, mine);
          }
        }
        moves += ::gettid() != last ? 1 : 0;
        last = ::gettid();
      }
    }));
  }
  for (const auto& fiber : fibers) {
    fiber.get();
  }
  EXPECT_GT(moves, 0) << "no fiber changed its kernel thread: nothing was tested";
}

thread_local int own_variable = 7;

TEST_F(WorkersTest, ThreadLocalVariablesMoveWithTheirFiber) {
  if (kSanitized) {
    GTEST_SKIP() << "under sanitizers fibers borrow the TLS of kernel threads";
  }
  weft::Scheduler scheduler{.workers = 4};
  std::vector<weft::Fiber<void>> fibers;
  for (int mine = 0; mine < 64; ++mine) {
    fibers.push_back(scheduler.spawn([mine] {
      EXPECT_EQ(own_variable, 7);
      own_variable = mine;
      for (int i = 0; i < 200; ++i) {
        weft::yield();
        EXPECT_EQ(own_variable, mine);
      }
    }));
  }
  weft::joinall(fibers);
}

TEST_F(WorkersTest, APinnedFiberKeepsItsKernelThreadAndNobodyElseRunsThere) {
  weft::Scheduler scheduler{.workers = 2};
  std::atomic<pid_t> apart{0};
  std::atomic<bool> over{false};
  std::vector<weft::Fiber<void>> others;
  for (int i = 0; i < 16; ++i) {
    others.push_back(scheduler.spawn([&] {
      while (!over) {
        EXPECT_NE(::gettid(), apart);
        weft::sleep(100us);
        EXPECT_NE(::gettid(), apart);
        weft::yield();
      }
    }));
  }
  scheduler
      .spawn([&apart] {
        Scheduler::current()->pin_current(true);
        const pid_t here = ::gettid();
        apart = here;
        for (int i = 0; i < 100; ++i) {
          weft::sleep(100us);
          EXPECT_EQ(::gettid(), here);
          weft::yield();
          EXPECT_EQ(::gettid(), here);
          weft::blocking([] { std::this_thread::yield(); });
          EXPECT_EQ(::gettid(), here);
        }
        weft::spawn([here] { EXPECT_NE(::gettid(), here); }).join();
        apart = 0;
      })
      .get();
  over = true;
  weft::joinall(others);
}

TEST_F(WorkersTest, AForkedFiberGoesOnAlone) {
  if (kSanitized) {
    GTEST_SKIP()
        << "TSan ignores synchronisation in such a child; ASan asks libc for the stack of a "
           "thread that libc does not know there";
  }
  weft::Scheduler scheduler{.workers = 2};
  const auto sleeper = scheduler.spawn([] { weft::sleep(50ms); });
  const int status = scheduler
                         .spawn([] {
                           Scheduler::before_fork();
                           const pid_t child = ::fork();
                           if (child == 0) {
                             ::alarm(20);
                             Scheduler::after_fork_in_child();
                             const auto answer = weft::spawn([] {
                               weft::sleep(1ms);
                               return 42;
                             });
                             ::_exit(answer.get());
                           }
                           Scheduler::after_fork_in_parent();
                           int result = -1;
                           ::waitpid(child, &result, 0);
                           return result;
                         })
                         .get();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  sleeper.join();
}

}  // namespace
}  // namespace weft::runtime
