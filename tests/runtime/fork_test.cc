#include <sys/wait.h>
#include <unistd.h>
#include <weft/fiber.h>

#include "runtime/wait_fd.h"
#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class Fork : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (kThreadSanitized) {
      GTEST_SKIP() << "it takes fibers for threads, and ignores synchronisation in the child of a "
                      "process with several";
    }
  }
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
                    Deadline::after(10s));
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
                    Deadline::after(10s));
  });
  weft::yield();
  EXPECT_EQ(in_child([] { return 0; }), 0);
  pipe.feed();
  EXPECT_EQ(reader.get(), 0);
}

}  // namespace
}  // namespace weft::runtime
