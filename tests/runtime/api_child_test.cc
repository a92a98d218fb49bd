#include <sys/wait.h>
#include <unistd.h>
#include <weft/child.h>
#include <weft/fiber.h>
#include <weft/idle.h>
#include <weft/sleep.h>
#include <weft/timeout.h>

#include <cerrno>
#include <csignal>

#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class ChildApi : public ForkingTest {};

TEST_F(ChildApi, ForksChildHasAWorkingScheduler) {
  const pid_t child = weft::fork();
  if (child == 0) {
    ::alarm(20);
    const auto answer = spawn([] {
      weft::sleep(1ms);
      return 42;
    });
    ::_exit(answer.get());
  }
  EXPECT_EQ(WEXITSTATUS(wait_child(child)), 42);
}

TEST_F(ChildApi, ForkFromAFiberLeavesTheOthersBehind) {
  bool others_run = false;
  const auto forker = spawn([&] {
    const pid_t child = weft::fork();
    if (child == 0) {
      ::alarm(20);
      weft::idle();
      ::_exit(others_run ? 1 : 0);
    }
    return wait_child(child);
  });
  const auto other = spawn([&] { others_run = true; });
  EXPECT_EQ(forker.get(), 0);
  EXPECT_TRUE(others_run);
}

TEST_F(ChildApi, WaitChildLetsOthersRun) {
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = weft::fork();
  if (child == 0) {
    ::close(ends[1]);
    char byte = 0;
    ::_exit(static_cast<int>(::read(ends[0], &byte, 1)));
  }
  ::close(ends[0]);
  EXPECT_EQ(wait_child_for(child, 1ms), std::nullopt);
  const auto other = spawn([&] { ::close(ends[1]); });
  const int status = wait_child(child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(ChildApi, WaitChildOfASignalAndOfNoChild) {
  const pid_t child = weft::fork();
  if (child == 0) {
    for (;;) {
      ::pause();
    }
  }
  EXPECT_THROW(with_timeout(1ms, [&] { wait_child(child); }), TimeoutError);
  ::kill(child, SIGKILL);
  const int status = wait_child(child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(error_of([&] { wait_child(child); }), ECHILD);
}

}  // namespace
}  // namespace weft
