// tests/hooks/kernel_thread_test.cc: what a thread changes about its kernel thread is its own, for
// good, and nobody else's.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>

#include "tests/support/thread.h"

namespace weft::test {
namespace {

// Threads that wait and compute by turns, so that fibers change kernel threads meanwhile.
class Others {
 public:
  // check() is called by each again and again.
  template <class Check>
  explicit Others(Check check) {
    for (int i = 0; i < 8; ++i) {
      threads_.emplace_back([this, check] {
        while (!over_) {
          check();
          usleep(100);
          for (int spin = 0; spin < 20'000; ++spin) {
            asm volatile("" : "+r"(spin));
          }
        }
      });
    }
  }
  ~Others() { over_ = true; }
  Others(const Others&) = delete;
  Others& operator=(const Others&) = delete;

 private:
  std::atomic<bool> over_{false};
  std::deque<Thread> threads_;
};

// Waits often, and looks each time.
template <class Look>
void look_between_waits(Look look) {
  for (int i = 0; i < 200; ++i) {
    look();
    usleep(200);
    sched_yield();
  }
}

int count_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  return CPU_COUNT(&set);
}

// The CPU that the calling thread may use and runs on.
cpu_set_t one_cpu() {
  cpu_set_t all;
  cpu_set_t one;
  CPU_ZERO(&all);
  CPU_ZERO(&one);
  sched_getaffinity(0, sizeof all, &all);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &all)) {
      CPU_SET(cpu, &one);
      break;
    }
  }
  return one;
}

TEST(SchedSetaffinity, IsOneThreads) {
  const int all = count_cpus();
  const Others others([all] { EXPECT_EQ(count_cpus(), all); });
  Thread bound([] {
    const cpu_set_t one = one_cpu();
    EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    look_between_waits([&one] {
      EXPECT_EQ(count_cpus(), 1);
      EXPECT_TRUE(CPU_ISSET(sched_getcpu(), &one));
    });
  });
  bound.join();
  EXPECT_EQ(count_cpus(), all);
}

TEST(SchedSetaffinity, ByNumberIsOneThreadsToo) {
  const int all = count_cpus();
  const Others others([all] { EXPECT_EQ(count_cpus(), all); });
  Thread bound([] {
    const cpu_set_t one = one_cpu();
    EXPECT_EQ(syscall(SYS_sched_setaffinity, 0, sizeof one, &one), 0);
    look_between_waits([] { EXPECT_EQ(count_cpus(), 1); });
  });
  bound.join();
}

TEST(SchedSetaffinity, ReportsItsErrors) {
  Thread thread([] {
    cpu_set_t none;
    CPU_ZERO(&none);
    errno = 0;
    EXPECT_EQ(sched_setaffinity(0, sizeof none, &none), -1);
    EXPECT_EQ(errno, EINVAL);
  });
  thread.join();
}

TEST(Setpriority, IsOneThreads) {
  const int usual = getpriority(PRIO_PROCESS, 0);
  const Others others([usual] { EXPECT_EQ(getpriority(PRIO_PROCESS, 0), usual); });
  Thread nice([usual] {
    EXPECT_EQ(setpriority(PRIO_PROCESS, 0, usual + 1), 0);
    look_between_waits([usual] { EXPECT_EQ(getpriority(PRIO_PROCESS, 0), usual + 1); });
  });
  nice.join();
}

TEST(Prctl, NoNewPrivsIsOneThreads) {
  const Others others([] { EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0); });
  Thread humble([] {
    EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    look_between_waits([] { EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1); });
  });
  humble.join();
}

TEST(Prctl, EachThreadHasItsName) {
  const auto bear = [](const char* name) {
    EXPECT_EQ(prctl(PR_SET_NAME, name), 0);
    look_between_waits([name] {
      char own[16] = {};
      EXPECT_EQ(prctl(PR_GET_NAME, own), 0);
      EXPECT_STREQ(own, name);
      char same[16] = {};
      EXPECT_EQ(pthread_getname_np(pthread_self(), same, sizeof same), 0);
      EXPECT_STREQ(same, name);
    });
  };
  Thread first([&] { bear("first"); });
  Thread second([&] { bear("second"); });
  first.join();
  second.join();
}

// The kernel thread of a thread that has set itself apart is nobody's afterwards: many such threads
// one after another must neither starve the others nor leave kernel threads behind.
TEST(SchedSetaffinity, ManyBoundThreadsComeAndGo) {
  const int all = count_cpus();
  for (int round = 0; round < 50; ++round) {
    std::deque<Thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([i, all] {
        if (i % 2 == 0) {
          const cpu_set_t one = one_cpu();
          EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
        }
        usleep(100);
        EXPECT_EQ(count_cpus(), i % 2 == 0 ? 1 : all);
      });
    }
  }
  EXPECT_EQ(count_cpus(), all);
}

}  // namespace
}  // namespace weft::test
