#include <sys/wait.h>
#include <unistd.h>
#include <weft/weft.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "runtime/switch_watch.h"
#include "runtime/sys.h"
#include "runtime/wait_fd.h"
#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class Fork : public ForkingTest {
 protected:
  // Runs `body` in a child, in the fiber that forked. What it returns is the child's exit status.
  template <class Body>
  static int in_child(Body body) {
    Scheduler::before_fork();
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);
      Scheduler::after_fork_in_child();
      ::_exit(body());
    }
    Scheduler::after_fork_in_parent();
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    return WEXITSTATUS(status);
  }
};

// 0 if all is well, else which part is not.
int use_everything() {
  Scheduler& scheduler = *Scheduler::current();
  if (scheduler.live_fibers() != 1 || !scheduler.is_alone()) {
    return 1;
  }
  if (weft::spawn([] { return 42; }).get() != 42) {
    return 2;
  }
  const Pipe pipe;
  const auto reader = weft::spawn([&pipe] {
    FdSlot& slot = pipe.out_slot();
    return wait_for(pipe.out(), slot, Direction::kRead, slot.edges(Direction::kRead),
                    {.deadline = Deadline::after(10s)});
  });
  weft::yield();
  pipe.feed();
  if (reader.get() != 0 || !pipe.drink()) {
    return 3;
  }
  weft::sleep(1ms);
  return 0;
}

TEST_F(Fork, TheMainFibersChildHasAWorkingScheduler) { EXPECT_EQ(in_child(use_everything), 0); }

TEST_F(Fork, AFibersChildIsAloneAndWorks) {
  bool others_run = false;
  const auto sleeper = weft::spawn([] { weft::sleep(20ms); });
  const auto other = weft::spawn([&others_run] { others_run = true; });
  const auto forker = weft::spawn([&] {
    return in_child([&others_run] {
      others_run = false;
      const int result = use_everything();
      return others_run ? 9 : result;
    });
  });
  EXPECT_EQ(forker.get(), 0);
  weft::joinall({sleeper, other});
}

TEST_F(Fork, AnOwnTlsFibersChildIsAloneAndWorks) {
  if (const char* const refusal = own_tls_refusal()) {
    GTEST_SKIP() << refusal;
  }
  const auto forker = weft::spawn({.own_tls = true}, [] { return in_child(use_everything); });
  EXPECT_EQ(forker.get(), 0);
}

TEST_F(Fork, TheParentGoesOn) {
  const Pipe pipe;
  const auto reader = weft::spawn([&pipe] {
    FdSlot& slot = pipe.out_slot();
    return wait_for(pipe.out(), slot, Direction::kRead, slot.edges(Direction::kRead),
                    {.deadline = Deadline::after(10s)});
  });
  weft::yield();
  EXPECT_EQ(in_child([] { return 0; }), 0);
  pipe.feed();
  EXPECT_EQ(reader.get(), 0);
}

TEST_F(Fork, WhoIsWatchedInTheParentCostsTheChildNothing) {
  const int before = switch_watch::watchers.load();
  weft::Event done;
  const auto watched = weft::spawn([&done] {
    const weft::AssertYields must_yield;
    done.wait();
  });
  weft::yield();
  EXPECT_EQ(switch_watch::watchers.load(), before + 1);
  EXPECT_EQ(in_child([] { return switch_watch::watchers.load(); }), 0);
  done.set();
  watched.join();
}

// A child of which nobody has been told, in which the thread ends: what others do in the parent,
// here to come in, is not waited for.
TEST_F(Fork, TheThreadOfAChildThatARawCallHasMadeEnds) {
  std::thread([] {
    Gate& gate = Scheduler::current_or_start()->gate();
    EXPECT_NE(gate.enter(), nullptr);
    const auto child = static_cast<pid_t>(sys::call(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    if (child == 0) {
      ::alarm(20);
      return;
    }
    gate.leave();
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }).join();
}

// In a fork's child of a seeded fiber. A sleep shows whether its time is virtual.
int sleeps_at_once() {
  const auto start = std::chrono::steady_clock::now();
  weft::sleep(2s);
  return std::chrono::steady_clock::now() - start < 1s ? 0 : 1;
}

// In the same, while a fiber waits for a descriptor.
int waits_in_real_time() {
  const Pipe pipe;
  const auto start = std::chrono::steady_clock::now();
  const auto reader = weft::spawn([&pipe] {
    FdSlot& slot = pipe.out_slot();
    return wait_for(pipe.out(), slot, Direction::kRead, slot.edges(Direction::kRead),
                    {.deadline = Deadline::after(10s)});
  });
  weft::sleep(20ms);
  pipe.feed();
  const bool was_real = std::chrono::steady_clock::now() - start >= 20ms;
  return reader.get() == 0 && was_real ? 0 : 1;
}

// On a fiber of a seeded scheduler, while another waits for a descriptor.
template <class Call>
int beside_a_reader(Call call) {
  weft::Scheduler scheduler{.seed = 1};
  return scheduler
      .spawn([&call] {
        const Pipe pipe;
        const auto reader = weft::spawn([&pipe] {
          FdSlot& slot = pipe.out_slot();
          return wait_for(pipe.out(), slot, Direction::kRead, slot.edges(Direction::kRead));
        });
        while (!Scheduler::current()->waits_for_outside()) {
          weft::yield();
        }
        const int result = call();
        pipe.feed();
        EXPECT_EQ(reader.get(), 0);
        return result;
      })
      .get();
}

TEST_F(Fork, ASeededFibersChildDoesNotWaitForTheParentsDescriptors) {
  EXPECT_EQ(beside_a_reader([] { return in_child(sleeps_at_once); }), 0);
}

TEST_F(Fork, ASeededFiberMayForkInABlockingCall) {
  EXPECT_EQ(beside_a_reader([] {
              pid_t child = -1;
              weft::blocking([&child] {
                Scheduler::before_fork();
                child = ::fork();
                if (child == 0) {
                  ::alarm(20);
                  Scheduler::after_fork_in_child();
                } else {
                  Scheduler::after_fork_in_parent();
                }
              });
              if (child == 0) {
                ::_exit(sleeps_at_once() + 2 * waits_in_real_time());
              }
              int status = -1;
              EXPECT_EQ(::waitpid(child, &status, 0), child);
              return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            }),
            0);
}

}  // namespace
}  // namespace weft::runtime
