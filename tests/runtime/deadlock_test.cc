// The main fiber hears of it when nothing can ever wake it, and only then.
#include <sys/wait.h>
#include <unistd.h>
#include <weft/weft.h>

#include <csignal>
#include <mutex>
#include <thread>

#include "runtime/wait_fd.h"
#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

// In a process of its own, which has no other threads, children or handlers. The exit status of
// `body` is the result.
template <class Body>
int alone(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    Scheduler::after_fork_in_child();
    ::_exit(body());
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template <class Wait>
int ends_in_deadlock(Wait wait) {
  return alone([&wait] {
    try {
      wait();
    } catch (const weft::WouldBlockForever& error) {
      return error.code().value() == EDEADLK ? 42 : 1;
    }
    return 2;
  });
}

class DeadlockTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (kThreadSanitized) {
      GTEST_SKIP() << "it has a thread of its own, which might unpark";
    }
  }
};

TEST_F(DeadlockTest, EveryWaitOfTheMainFiberHearsOfIt) {
  EXPECT_EQ(ends_in_deadlock([] { weft::Semaphore(0).acquire(); }), 42);
  EXPECT_EQ(ends_in_deadlock([] { weft::Event().wait(); }), 42);
  EXPECT_EQ(ends_in_deadlock([] {
              weft::Mutex mutex;
              weft::spawn([&mutex] { mutex.lock(); }).join();
              mutex.lock();
            }),
            42);
  EXPECT_EQ(ends_in_deadlock([] {
              weft::Semaphore never(0);
              weft::spawn([&never] { never.acquire(); }).join();
            }),
            42);
}

TEST_F(DeadlockTest, AConditionsMutexIsLockedAgain) {
  EXPECT_EQ(alone([] {
              weft::Mutex mutex;
              weft::Condition condition;
              std::unique_lock hold(mutex);
              try {
                condition.wait(hold);
              } catch (const weft::WouldBlockForever&) {
                return mutex.try_lock() ? 1 : 42;
              }
              return 2;
            }),
            42);
}

TEST_F(DeadlockTest, TheWaitCanBeRepeated) {
  EXPECT_EQ(alone([] {
              weft::Semaphore semaphore(0);
              for (int i = 0; i < 3; ++i) {
                try {
                  semaphore.acquire();
                  return 1;
                } catch (const weft::WouldBlockForever&) {
                }
              }
              semaphore.release();
              semaphore.acquire();
              return 42;
            }),
            42);
}

// Each of these outlasts the time after which a deadlock is noticed.
constexpr auto kLong = 50ms;

TEST_F(DeadlockTest, ATimerCanWake) {
  EXPECT_EQ(alone([] {
              weft::Event event;
              const auto sleeper = weft::spawn([&event] {
                weft::sleep(kLong);
                event.set();
              });
              event.wait();
              sleeper.join();
              return 42;
            }),
            42);
}

TEST_F(DeadlockTest, ADescriptorCanWake) {
  EXPECT_EQ(
      alone([] {
        const Pipe pipe;
        weft::Event event;
        const auto reader = weft::spawn([&] {
          FdSlot& slot = pipe.out_slot();
          if (wait_for(pipe.out(), slot, Direction::kRead, slot.edges(Direction::kRead), {}) == 0) {
            event.set();
          }
        });
        const pid_t child = ::fork();
        if (child == 0) {
          ::usleep(50'000);
          pipe.feed();
          ::_exit(0);
        }
        // Reaped, so that only the descriptor is left.
        event.wait();
        ::waitpid(child, nullptr, 0);
        reader.join();
        return 42;
      }),
      42);
}

TEST_F(DeadlockTest, AnotherThreadCanWake) {
  weft::Event event;
  std::thread setter([&event] {
    std::this_thread::sleep_for(kLong);
    event.set();
  });
  event.wait();
  setter.join();
}

weft::Event* of_handler = nullptr;

TEST_F(DeadlockTest, ASignalHandlerCanWake) {
  EXPECT_EQ(alone([] {
              weft::Event event;
              of_handler = &event;
              std::signal(SIGALRM, [](int) { of_handler->set(); });
              ::ualarm(50'000, 0);
              event.wait();
              return 42;
            }),
            42);
}

TEST_F(DeadlockTest, AChildCanWake) {
  EXPECT_EQ(alone([] {
              const pid_t child = ::fork();
              if (child == 0) {
                ::pause();
              }
              if (Scheduler::current()->report_deadlock()) {
                return 1;
              }
              ::kill(child, SIGKILL);
              ::waitpid(child, nullptr, 0);
              return Scheduler::current()->report_deadlock() ? 42 : 2;
            }),
            42);
}

}  // namespace
}  // namespace weft::runtime
