// What patch_all promises. A process can be patched once: each test has one of its own.
#include "weft/patch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csetjmp>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/error_of.h"
#include "weft/weft.h"

namespace {

using weft::CallGroup;
using namespace std::chrono_literals;

// Runs a test's body in a child.
template <class Body>
void in_a_process(Body body) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(30);
    body();
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// Whether another fiber runs while one is in `call`.
template <class Call>
bool lets_others_run(Call call) {
  bool has_run = false;
  bool ran_meanwhile = false;
  auto caller = weft::spawn([&] {
    weft::spawn([&] { has_run = true; });
    call();
    ran_meanwhile = has_run;
  });
  caller.join();
  return ran_meanwhile;
}

constexpr auto nap = [] { ::usleep(1000); };

int error_of_patch_all() {
  return weft::test::error_of([] { weft::patch_all(); });
}

TEST(PatchAll, TurnsOnTheUsualGroups) {
  in_a_process([] {
    EXPECT_EQ(weft::patched_groups(), weft::CallGroups());
    weft::patch_all();
    EXPECT_EQ(weft::patched_groups(), weft::kUsualGroups);
    EXPECT_FALSE(weft::is_patched(CallGroup::kFile));
    EXPECT_TRUE(lets_others_run(nap));
  });
}

TEST(PatchAll, LeavesOutGroups) {
  in_a_process([] {
    weft::patch_all({.except = CallGroup::kTime | CallGroup::kDns});
    EXPECT_FALSE(weft::is_patched(CallGroup::kTime));
    EXPECT_FALSE(weft::is_patched(CallGroup::kTime | CallGroup::kSocket));
    EXPECT_TRUE(weft::is_patched(CallGroup::kSocket | CallGroup::kStdio));
    EXPECT_FALSE(lets_others_run(nap));
  });
}

TEST(PatchAll, TurnsOnOnlyTheGivenGroups) {
  in_a_process([] {
    weft::patch_all({.only = weft::call_groups("time,file")});
    EXPECT_EQ(weft::patched_groups(), CallGroup::kTime | CallGroup::kFile);
    EXPECT_TRUE(lets_others_run(nap));
  });
}

TEST(PatchAll, IsRefusedTheSecondTime) {
  in_a_process([] {
    weft::patch_all({.except = CallGroup::kDns});
    EXPECT_EQ(error_of_patch_all(), EALREADY);
    EXPECT_FALSE(weft::is_patched(CallGroup::kDns));
  });
}

TEST(PatchAll, IsRefusedBehindTheFirstSpawn) {
  in_a_process([] {
    weft::spawn([] {}).join();
    EXPECT_EQ(error_of_patch_all(), EALREADY);
    EXPECT_EQ(weft::patched_groups(), weft::CallGroups());
  });
}

sigjmp_buf way_out;

TEST(PatchAll, AHandlerThatJumpsOutOfACallLeavesSeededTimeVirtual) {
  in_a_process([] {
    weft::patch_all();
    struct sigaction action = {};
    action.sa_handler = [](int /*signal*/) { siglongjmp(way_out, 1); };
    ASSERT_EQ(::sigaction(SIGUSR1, &action, nullptr), 0);
    weft::Scheduler scheduler{.seed = 1};
    const auto slept = scheduler.spawn([] {
      sigset_t none;
      sigset_t usr1;
      ::sigemptyset(&none);
      ::sigemptyset(&usr1);
      ::sigaddset(&usr1, SIGUSR1);
      ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
      ::pthread_kill(::pthread_self(), SIGUSR1);
      if (sigsetjmp(way_out, 1) == 0) {
        ::sigsuspend(&none);
        ADD_FAILURE() << "the handler has not jumped";
      }
      const auto start = std::chrono::steady_clock::now();
      weft::sleep(5s);
      return std::chrono::steady_clock::now() - start;
    });
    EXPECT_LT(slept.get(), 2s);
  });
}

TEST(CallGroups, AreReadByName) {
  EXPECT_EQ(weft::call_groups("socket,select,io,poll"), CallGroup::kIo | CallGroup::kPoll);
  EXPECT_EQ(weft::call_groups(""), weft::CallGroups());
  EXPECT_EQ(weft::names(CallGroup::kSelect | CallGroup::kDns), "poll,dns");
  for (const char* name :
       {"socket", "dns", "time", "select", "thread", "process", "signal", "stdio", "file", "ipc"}) {
    EXPECT_NE(weft::call_groups(name), weft::CallGroups()) << name;
  }
  EXPECT_EQ(weft::call_groups(weft::names(weft::kUsualGroups)), weft::kUsualGroups);
}

TEST(CallGroups, UnknownNameIsRefusedWithThoseThereAre) {
  try {
    (void)weft::call_groups("time,tiem");
    FAIL();
  } catch (const std::invalid_argument& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("'tiem'"), std::string::npos) << text;
    for (const char* known : {"socket", "select", "time", "thread", "ipc", "file"}) {
      EXPECT_NE(text.find(known), std::string::npos) << text;
    }
  }
}

TEST(IsPatched, KnowsFunctionsByName) {
  in_a_process([] {
    EXPECT_FALSE(weft::is_patched("read"));
    weft::patch_all({.except = CallGroup::kSignal});
    for (const char* name : {"read", "accept4", "poll", "nanosleep", "pthread_create", "sem_wait",
                             "getaddrinfo", "waitpid", "fgets", "msgrcv", "syscall"}) {
      EXPECT_TRUE(weft::is_patched(name)) << name;
    }
    EXPECT_FALSE(weft::is_patched("sigwait"));  // its group is off
    EXPECT_FALSE(weft::is_patched("fsync"));    // so is this one
    EXPECT_FALSE(weft::is_patched("getpid"));   // never waits
    EXPECT_FALSE(weft::is_patched("no_such_function"));
  });
}

TEST(Original, BlocksTheKernelThread) {
  in_a_process([] {
    weft::patch_all();
    EXPECT_TRUE(lets_others_run(nap));
    EXPECT_FALSE(lets_others_run([] { EXPECT_EQ(weft::original<&::usleep>()(1000), 0); }));
    EXPECT_FALSE(lets_others_run([] { weft::original<int(useconds_t)>("usleep")(1000); }));
  });
}

TEST(Original, IsLibcs) {
  EXPECT_EQ(weft::original<&::getpid>(), &::getpid);  // which weft leaves alone
  EXPECT_EQ(weft::original<int()>("no_such_function"), nullptr);
  auto* const real_open = weft::original<&::open>();  // one with optional arguments
  EXPECT_NE(real_open, &::open);
  const int file = real_open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(file, 0);
  ::close(file);
}

}  // namespace
