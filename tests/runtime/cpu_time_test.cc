#include "runtime/cpu_time.h"

#include <time.h>
#include <weft/weft.h>

#include <atomic>
#include <thread>

#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

std::int64_t thread_cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

void burn(std::chrono::nanoseconds length) {
  const std::int64_t end = thread_cpu_ns() + length.count();
  while (thread_cpu_ns() < end) {
  }
}

class CpuTime : public RuntimeTest {
 protected:
  ~CpuTime() override { cpu_time::is_kept = false; }
};

TEST_F(CpuTime, GoesToTheFiberThatUsesIt) {
  cpu_time::keep(*scheduler_);
  std::int64_t busy = 0;
  std::int64_t lazy = 0;
  const auto work = [](std::int64_t& used, std::chrono::nanoseconds length) {
    for (int i = 0; i < 3; ++i) {
      burn(length);
      weft::yield();
    }
    used = cpu_time::used_ns(*current());
  };
  const auto a = weft::spawn([&] { work(busy, 10ms); });
  const auto b = weft::spawn([&] { work(lazy, 1ms); });
  const std::int64_t before = cpu_time::used_ns(*current());
  a.join();
  b.join();
  EXPECT_GE(busy, std::chrono::nanoseconds(30ms).count());
  EXPECT_LT(busy, std::chrono::nanoseconds(60ms).count());
  EXPECT_GE(lazy, std::chrono::nanoseconds(3ms).count());
  EXPECT_LT(lazy, std::chrono::nanoseconds(20ms).count());
  EXPECT_LT(cpu_time::used_ns(*current()) - before, std::chrono::nanoseconds(20ms).count());
}

TEST_F(CpuTime, OfTheRunningFiberGoesOn) {
  cpu_time::keep(*scheduler_);
  const std::int64_t before = cpu_time::used_ns(*current());
  burn(5ms);
  const std::int64_t used = cpu_time::used_ns(*current()) - before;
  EXPECT_GE(used, std::chrono::nanoseconds(5ms).count());
  EXPECT_LT(used, std::chrono::nanoseconds(50ms).count());
}

TEST_F(CpuTime, NeverGoesBackForWhoWatchesTheSwitches) {
  weft::Scheduler scheduler{.workers = 2};
  std::atomic<Fiber*> watched{nullptr};
  std::atomic<bool> is_over{false};
  const auto busy = scheduler.spawn([&] {
    watched = current();
    while (!is_over) {
      weft::yield();
    }
  });
  const auto other = scheduler.spawn([&] {
    while (!is_over) {
      weft::yield();
    }
  });
  while (watched == nullptr) {
    std::this_thread::yield();
  }
  cpu_time::keep(*watched.load()->scheduler);
  std::int64_t last = 0;
  int steps_back = 0;
  const Stopwatch watch;
  while (watch.elapsed() < 300ms) {
    const std::int64_t used = cpu_time::used_ns(*watched);
    steps_back += used < last ? 1 : 0;
    last = used;
  }
  is_over = true;
  busy.join();
  other.join();
  EXPECT_EQ(steps_back, 0);
  EXPECT_GT(last, 0);
}

}  // namespace
}  // namespace weft::runtime
