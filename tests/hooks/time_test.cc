// tests/hooks/time_test.cc: sleeping, by every call that does it.
#include <gtest/gtest.h>
#include <sched.h>
#include <threads.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// Two threads that sleep at once take as long as one: the sleep is of the thread, not of the
// process.
void expect_sleeps_side_by_side(nanoseconds length, const std::function<void()>& sleep_once) {
  const Stopwatch watch;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 20; ++i) {
      threads.push_back(std::make_unique<Thread>(sleep_once));
    }
    usleep(1000);
    expect_few_kernel_threads();
  }
  watch.expect(length, milliseconds(60));
}

TEST(Sleep, WholeSeconds) {
  expect_sleeps_side_by_side(seconds(1), [] { EXPECT_EQ(sleep(1), 0U); });
}

TEST(Sleep, ZeroReturnsAtOnce) {
  const Stopwatch watch;
  EXPECT_EQ(sleep(0), 0U);
  EXPECT_EQ(usleep(0), 0);
  const timespec zero{};
  EXPECT_EQ(nanosleep(&zero, nullptr), 0);
  watch.expect(nanoseconds(0));
}

TEST(Usleep, SideBySide) {
  expect_sleeps_side_by_side(milliseconds(50), [] { EXPECT_EQ(usleep(50'000), 0); });
}

TEST(Usleep, MoreThanASecond) {
  const Stopwatch watch;
  EXPECT_EQ(usleep(1'050'000), 0);
  watch.expect(microseconds(1'050'000));
}

TEST(Nanosleep, SideBySide) {
  expect_sleeps_side_by_side(milliseconds(50), [] {
    const timespec length{.tv_sec = 0, .tv_nsec = 50'000'000};
    timespec remaining{.tv_sec = 7, .tv_nsec = 7};
    EXPECT_EQ(nanosleep(&length, &remaining), 0);
    EXPECT_EQ(remaining.tv_sec, 7) << "written on EINTR only";
  });
}

TEST(Nanosleep, RefusesABadLength) {
  for (const timespec bad : {timespec{0, 1'000'000'000}, timespec{0, -1}, timespec{-1, 0}}) {
    EXPECT_EQ(nanosleep(&bad, nullptr), -1);
    EXPECT_EQ(errno, EINVAL);
  }
}

TEST(ClockNanosleep, RelativeOnBothClocks) {
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
    expect_sleeps_side_by_side(milliseconds(30), [clock] {
      const timespec length{.tv_sec = 0, .tv_nsec = 30'000'000};
      EXPECT_EQ(clock_nanosleep(clock, 0, &length, nullptr), 0);
    });
  }
}

TEST(ClockNanosleep, AbsoluteOnBothClocks) {
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
    const nanoseconds end = now(clock) + milliseconds(30);
    const timespec moment = to_timespec(end);
    EXPECT_EQ(clock_nanosleep(clock, TIMER_ABSTIME, &moment, nullptr), 0);
    EXPECT_GE(now(clock).count(), end.count());
    EXPECT_LT(now(clock).count(), (end + allowed_lateness(milliseconds(50))).count());
  }
}

TEST(ClockNanosleep, PastMomentReturnsAtOnce) {
  const timespec past{.tv_sec = 1, .tv_nsec = 0};
  const Stopwatch watch;
  EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, nullptr), 0);
  EXPECT_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, nullptr), 0);
  watch.expect(nanoseconds(0));
}

// The error is the result; errno stays.
TEST(ClockNanosleep, ErrorNumbers) {
  const timespec bad{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  const timespec fine{.tv_sec = 0, .tv_nsec = 1};
  errno = ERANGE;
  EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, nullptr), EINVAL);
  EXPECT_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &fine, nullptr), EINVAL);
  EXPECT_EQ(clock_nanosleep(99, 0, &fine, nullptr), EINVAL);
  EXPECT_EQ(errno, ERANGE);
}

TEST(SchedYield, GivesTheOthersATurn) {
  EXPECT_EQ(sched_yield(), 0);
  std::atomic<bool> flag{false};
  Thread setter([&] { flag = true; });
  while (!flag) {
    EXPECT_EQ(sched_yield(), 0);
  }
}

#if defined(__x86_64__)
// Programs built before glibc 2.34 may call it by this name, which the linker no longer offers.
extern "C" int yield_by_its_old_name();
asm(".symver yield_by_its_old_name, pthread_yield@GLIBC_2.2.5");

TEST(SchedYield, HasAnOldName) {
  std::atomic<bool> flag{false};
  Thread setter([&] { flag = true; });
  while (!flag) {
    EXPECT_EQ(yield_by_its_old_name(), 0);
  }
}
#endif

TEST(SchedYield, TwoSpinnersTakeTurns) {
  constexpr int kRounds = 2000;
  std::atomic<int> turn{0};
  const auto play = [&](int me) {
    for (int i = 0; i < kRounds; ++i) {
      while (turn % 2 != me) {
        sched_yield();
      }
      ++turn;
    }
  };
  Thread even([&] { play(0); });
  Thread odd([&] { play(1); });
  even.join();
  odd.join();
  EXPECT_EQ(turn, 2 * kRounds);
}

// A spinner must not keep a sleeper from waking.
TEST(SchedYield, SpinnerLetsTimersExpire) {
  std::atomic<bool> done{false};
  Thread spinner([&] {
    while (!done) {
      sched_yield();
    }
  });
  const Stopwatch watch;
  usleep(20'000);
  done = true;
  spinner.join();
  watch.expect(milliseconds(20));
}

TEST(ThrdSleep, SideBySide) {
  expect_sleeps_side_by_side(milliseconds(40), [] {
    const timespec length{.tv_sec = 0, .tv_nsec = 40'000'000};
    EXPECT_EQ(thrd_sleep(&length, nullptr), 0);
  });
  const timespec bad{.tv_sec = 0, .tv_nsec = -1};
  EXPECT_LT(thrd_sleep(&bad, nullptr), -1);
}

TEST(StdThread, SleepForAndUntil) {
  const Stopwatch watch;
  std::this_thread::sleep_for(milliseconds(10));
  std::this_thread::sleep_until(std::chrono::steady_clock::now() + milliseconds(10));
  std::this_thread::sleep_until(std::chrono::system_clock::now() + milliseconds(10));
  watch.expect(milliseconds(30));
}

TEST(Sleep, WakesInTheOrderOfTheDeadlines) {
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::unique_ptr<Thread>> threads;
  for (const int place : {3, 1, 2, 0}) {
    threads.push_back(std::make_unique<Thread>([&, place] {
      usleep(static_cast<useconds_t>(20'000 * (place + 1)));
      const std::scoped_lock lock(mutex);
      order.push_back(place);
    }));
  }
  threads.clear();
  if (!expecting_fibers()) {
    std::sort(order.begin(), order.end());  // a busy kernel may run the threads in any order
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace weft::test
