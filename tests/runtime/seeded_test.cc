#include "runtime/seeded.h"

#include <sys/wait.h>
#include <weft/weft.h>

#include <cstdio>
#include <set>
#include <thread>

#include "runtime/wait_fd.h"
#include "tests/runtime/fixture.h"
#include "tests/runtime/seeded_trace.h"

namespace weft::runtime {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

// By the kernel's clock.
template <class Call>
std::chrono::nanoseconds real_time_of(Call call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::steady_clock::now() - start;
}

// What call() returns on a fiber of a scheduler with that seed.
template <class Call>
auto with_seed(std::uint64_t seed, Call call) {
  weft::Scheduler scheduler{.seed = seed};
  return scheduler.spawn(call).get();
}

std::string output_of(const std::string& command) {
  std::string output;
  FILE* const pipe = ::popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    output.push_back(static_cast<char>(c));
  }
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

std::string trace_of_process(int seed) {
  return output_of("WEFT_SEED=" + std::to_string(seed) +
                   " TSAN_OPTIONS=atexit_sleep_ms=0 " SEEDED_TRACE);
}

TEST(Seeded, SameSeedGivesTheSameOrderInOneProcess) {
  const std::string first = with_seed(7, trace);
  EXPECT_EQ(first.size(), 1000U);
  EXPECT_EQ(with_seed(7, trace), first);
}

TEST(Seeded, SameSeedGivesTheSameOrderInFreshProcesses) {
  const std::string first = trace_of_process(7);
  EXPECT_EQ(first.size(), 1001U);
  EXPECT_EQ(trace_of_process(7), first);
  EXPECT_NE(trace_of_process(8), first);
}

TEST(Seeded, DifferentSeedsGiveDifferentOrders) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    orders.insert(with_seed(seed, trace));
  }
  EXPECT_EQ(orders.size(), 10U);
}

// Natively the same order each time: the first fiber reads, yields and writes before the second
// begins.
int count_with_a_lost_update() {
  int count = 0;
  const auto add = [&count](bool careless) {
    const int seen = count;
    if (careless) {
      weft::yield();
    }
    count = seen + 1;
  };
  auto a = weft::spawn([&add] {
    weft::yield();
    add(true);
  });
  auto b = weft::spawn([&add] {
    for (int i = 0; i < 5; ++i) {
      weft::yield();
    }
    add(false);
  });
  weft::joinall({a, b});
  return count;
}

TEST(Seeded, SomeSeedOfAFewFindsAPlantedRace) {
  EXPECT_EQ(weft::Scheduler{.workers = 1}.spawn(count_with_a_lost_update).get(), 2);
  std::set<int> counts;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    counts.insert(with_seed(seed, count_with_a_lost_update));
  }
  EXPECT_EQ(counts, (std::set<int>{1, 2}));
}

TEST(Seeded, SleepsEndAtOnceAndInOrder) {
  std::vector<int> order;
  const auto took = real_time_of([&order] {
    with_seed(1, [&order] {
      const auto start = weft::Clock::now();
      std::vector<weft::Fiber<void>> fibers;
      for (const int hours : {3, 1, 2, 5, 4}) {
        fibers.push_back(weft::spawn([&order, hours, start] {
          weft::sleep(std::chrono::hours(hours));
          EXPECT_GE(weft::Clock::now() - start, std::chrono::hours(hours));
          EXPECT_LT(weft::Clock::now() - start, std::chrono::hours(hours) + 1s);
          order.push_back(hours);
        }));
      }
      weft::joinall(fibers);
    });
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_LT(took, 1min);
}

TEST(Seeded, TimeoutsPassAtOnceWhereNobodyElseIsReady) {
  const auto took = real_time_of([] {
    with_seed(1, [] {
      weft::Event never;
      EXPECT_FALSE(never.wait_for(1h));
      EXPECT_FALSE(never.wait_until(weft::Clock::now() + 1h));
      EXPECT_FALSE(never.wait_until(std::chrono::steady_clock::now() + 1h));
      weft::sleep_until(std::chrono::system_clock::now() + 1h);
    });
  });
  EXPECT_LT(took, 1min);
}

// Once virtual time is ahead of the kernel's clock a deadline by that one would have passed
// already.
TEST(Seeded, EachKindOfLimitIsOnVirtualTime) {
  const auto took = real_time_of([] {
    with_seed(1, [] {
      weft::sleep(2h);
      const auto takes_an_hour = [](auto call) {
        const auto start = weft::Clock::now();
        call();
        const auto passed = weft::Clock::now() - start;
        EXPECT_GE(passed, 1h);
        EXPECT_LT(passed, 2h);
      };
      weft::Event never;
      weft::Barrier barrier(2);
      weft::Group group;
      const auto waits = group.spawn([&never] { never.wait(); });
      takes_an_hour([&] { EXPECT_THROW(barrier.wait_for(1h), weft::BrokenBarrier); });
      takes_an_hour([&] { EXPECT_FALSE(group.join_for(1h)); });
      takes_an_hour([&] { EXPECT_FALSE(waits.join_for(1h)); });
      takes_an_hour(
          [&] { EXPECT_THROW(weft::with_timeout(1h, [&] { never.wait(); }), weft::TimeoutError); });
      takes_an_hour([] {
        weft::Timer timer(1h, [] {});
        timer.start();
        timer.join();
      });
      takes_an_hour([] { weft::spawn_later(1h, [] {}).join(); });
      never.set();
    });
  });
  EXPECT_LT(took, 1min);
}

TEST(Seeded, WhoYieldsInALoopSeesDeadlinesPass) {
  with_seed(1, [] {
    bool done = false;
    auto sleeper = weft::spawn([&done] {
      weft::sleep(1ms);
      done = true;
    });
    while (!done) {
      weft::yield();
    }
    sleeper.join();
  });
}

TEST(Seeded, TimeIsRealWhileAFiberWaitsForADescriptor) {
  const Pipe pipe;
  const auto took = real_time_of([&pipe] {
    with_seed(1, [&pipe] {
      auto reader = weft::spawn([&pipe] {
        const std::uint32_t seen = pipe.out_slot().edges(Direction::kRead);
        EXPECT_EQ(wait_for(pipe.out(), pipe.out_slot(), Direction::kRead, seen,
                           {.deadline = Deadline::after(10s)}),
                  0);
      });
      weft::sleep(10ms);
      pipe.feed();
      reader.join();
    });
  });
  EXPECT_GE(took, 9ms);
}

TEST(Seeded, TimeIsRealWhileAKernelThreadWorksForAFiber) {
  with_seed(1, [] {
    weft::Event done;
    auto worker = weft::spawn([&done] {
      weft::blocking([] { std::this_thread::sleep_for(5ms); });
      done.set();
    });
    EXPECT_TRUE(done.wait_for(10min));
    worker.join();
  });
}

TEST(Seeded, FibersAndTheReportKnowTheSeed) {
  EXPECT_EQ(weft::seed(), std::nullopt);
  EXPECT_EQ(with_seed(18'446'744'073'709'551'615U, [] { return weft::seed(); }),
            18'446'744'073'709'551'615U);
}

TEST(Seeded, DiceAreFair) {
  Seeded dice(0);
  int seen[6] = {};
  for (int i = 0; i < 6000; ++i) {
    ++seen[dice.below(6)];
  }
  for (const int count : seen) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

}  // namespace
}  // namespace weft::runtime
