#include <weft/weft.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class GroupApi : public RuntimeTest {};

static_assert(std::ranges::input_range<Results<int>>);

const std::vector<int> kItems = {3, 1, 2};

int twice_after_turns(int turns) {
  for (int i = 0; i < turns; ++i) {
    yield();
  }
  return 2 * turns;
}

int fail_at_two(int n) {
  if (n == 2) {
    throw std::runtime_error("two");
  }
  return n;
}

TEST_F(GroupApi, JoinWaitsForAllMembers) {
  Group group;
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    group.spawn([&ended, i] {
      twice_after_turns(i);
      ++ended;
    });
  }
  EXPECT_EQ(group.size(), 3U);
  group.join();
  EXPECT_EQ(ended, 3);
  EXPECT_TRUE(group.empty());
}

TEST_F(GroupApi, JoinWaitsForLaterAdditionsToo) {
  Group group;
  int depth = 0;
  std::function<void()> descend = [&] {
    if (++depth < 5) {
      yield();
      group.spawn(descend);
    }
  };
  group.spawn(descend);
  group.join();
  EXPECT_EQ(depth, 5);
}

TEST_F(GroupApi, JoinEndsInTime) {
  Group group;
  const auto sleeper = group.spawn([] { sleep(1h); });
  expect_times_out([&](auto limit) { return group.join_for(limit); });
  EXPECT_FALSE(group.join_until(std::chrono::steady_clock::now()));
  sleeper.kill();
  EXPECT_TRUE(group.join_for(10s));
}

TEST_F(GroupApi, AFiberHasEndedWhenItIsNoMember) {
  Group group;
  const auto fiber = group.spawn([] {});
  EXPECT_TRUE(group.contains(fiber));
  group.join();
  EXPECT_FALSE(group.contains(fiber));
  EXPECT_TRUE(fiber.ready());
}

TEST_F(GroupApi, AddAndDiscard) {
  Group group;
  Event go_on;
  const auto fiber = spawn([&go_on] { go_on.wait(); });
  group.add(fiber);
  group.add(fiber);
  EXPECT_EQ(group.size(), 1U);
  group.discard(fiber);
  group.discard(fiber);
  EXPECT_EQ(group.size(), 0U);
  group.join();
  group.add(fiber);
  go_on.set();
  group.join();
  group.add(fiber);
  EXPECT_EQ(group.size(), 0U) << "it has ended";
  EXPECT_THROW(group.add(AnyFiber()), std::system_error);
  EXPECT_EQ(group.size(), 0U);
}

TEST_F(GroupApi, KillEndsAllEvenLateOnes) {
  Group group;
  bool late_ran = false;
  group.spawn([&] {
    try {
      sleep(1h);
    } catch (const FiberExit&) {
      group.spawn([&late_ran] {
        sleep(1h);
        late_ran = true;
      });
      throw;
    }
  });
  group.spawn([] { sleep(1h); });
  yield();
  group.kill();
  EXPECT_TRUE(group.empty());
  EXPECT_FALSE(late_ran);
}

TEST_F(GroupApi, KillEndsInTime) {
  Group group;
  Event go_on;
  group.spawn([&go_on] {
    try {
      sleep(1h);
    } catch (const FiberExit&) {
      go_on.wait();
    }
  });
  yield();
  EXPECT_FALSE(group.kill_for(1ms));
  go_on.set();
  EXPECT_TRUE(group.kill_for(10s));
}

TEST_F(GroupApi, AMemberThatKillsTheGroupIsTheLast) {
  Group group;
  const auto other = group.spawn([] { sleep(1h); });
  const auto killer = group.spawn([&] {
    yield();
    group.kill();
  });
  group.join();
  EXPECT_TRUE(other.was_killed());
  EXPECT_TRUE(killer.was_killed());
}

TEST_F(GroupApi, ItsFibersOutliveIt) {
  Fiber<int> fiber;
  {
    Group group;
    fiber = group.spawn(twice_after_turns, 2);
  }
  EXPECT_EQ(fiber.get(), 4);
}

TEST_F(GroupApi, ApplyReturnsTheResult) {
  Group group;
  EXPECT_EQ(group.apply(twice_after_turns, 1), 2);
  EXPECT_EQ(group.apply_async(twice_after_turns, 2).get(), 4);
}

TEST_F(GroupApi, MapKeepsTheOrder) {
  Group group;
  EXPECT_EQ(group.map(twice_after_turns, kItems), (std::vector<int>{6, 2, 4}));
  EXPECT_EQ(group.map_async(twice_after_turns, kItems).get(), (std::vector<int>{6, 2, 4}));
  int sum = 0;
  group.map([&sum](int n) { sum += n; }, kItems);
  EXPECT_EQ(sum, 6);
}

TEST_F(GroupApi, MapRethrowsTheFirstFailure) {
  Group group;
  EXPECT_THROW(group.map(fail_at_two, kItems), std::runtime_error);
  group.join();
}

TEST_F(GroupApi, ImapKeepsTheOrder) {
  Group group;
  std::vector<int> seen;
  for (const int n : group.imap(twice_after_turns, kItems)) {
    seen.push_back(n);
  }
  EXPECT_EQ(seen, (std::vector<int>{6, 2, 4}));
}

TEST_F(GroupApi, ImapUnorderedTakesTheOrderOfCompletion) {
  Group group;
  std::vector<int> seen;
  for (const int n : group.imap_unordered(twice_after_turns, kItems)) {
    seen.push_back(n);
  }
  EXPECT_EQ(seen, (std::vector<int>{2, 4, 6}));
}

TEST_F(GroupApi, ImapBeginsNoMoreThanMaxsize) {
  for (const bool in_order : {true, false}) {
    Group group;
    int begun = 0;
    const std::vector<int> items(20, 0);
    const auto count = [&begun](int) { return ++begun; };
    auto results = in_order ? group.imap(count, items, 3) : group.imap_unordered(count, items, 3);
    for (int taken = 0; taken <= 20; ++taken) {
      for (int turn = 0; turn < 10; ++turn) {
        yield();
      }
      EXPECT_EQ(begun, std::min(taken + 3, 20));
      EXPECT_EQ(results.next().has_value(), taken < 20);
    }
  }
}

TEST_F(GroupApi, ImapMayBeDropped) {
  Group group;
  int begun = 0;
  const std::vector<int> items(100, 0);
  for (const int n : group.imap([&begun](int) { return ++begun; }, items, 2)) {
    EXPECT_EQ(n, 1);
    break;
  }
  group.join();
  EXPECT_LE(begun, 4);
}

TEST_F(GroupApi, ImapThrowsAndGoesOn) {
  for (const bool in_order : {true, false}) {
    Group group;
    auto results =
        in_order ? group.imap(fail_at_two, kItems) : group.imap_unordered(fail_at_two, kItems);
    EXPECT_EQ(results.next(), 3);
    EXPECT_EQ(results.next(), 1);
    EXPECT_THROW(results.next(), std::runtime_error);
    EXPECT_EQ(results.next(), std::nullopt);
  }
}

TEST_F(GroupApi, ImapHearsOfAKilledMember) {
  for (const bool in_order : {true, false}) {
    Group group;
    const auto nap = [](int n) {
      sleep(1h);
      return n;
    };
    auto results = in_order ? group.imap(nap, kItems) : group.imap_unordered(nap, kItems);
    const auto killer = spawn([&group] { group.kill(); });
    for (int i = 0; i < 3; ++i) {
      EXPECT_THROW(results.next(), ResultCancelled);
    }
    EXPECT_EQ(results.next(), std::nullopt);
    killer.join();
  }
}

TEST_F(GroupApi, ImapPassesOnWhatTheRangeThrows) {
  Group group;
  const auto items = kItems | std::views::transform(fail_at_two);
  auto results = group.imap(twice_after_turns, items);
  EXPECT_EQ(results.next(), 6);
  EXPECT_EQ(results.next(), 2);
  EXPECT_THROW(results.next(), std::runtime_error);
  EXPECT_EQ(results.next(), std::nullopt);
}

TEST_F(GroupApi, OfFibersOfWorkersAndThreads) {
  constexpr int kEach = kSanitized ? 100 : 500;
  Group group;
  std::atomic<int> ran{0};
  const auto spawn_many = [&] {
    for (int i = 0; i < kEach; ++i) {
      const auto fiber = group.spawn([&ran] {
        yield();
        ++ran;
      });
      if (i % 4 == 0) {
        group.discard(fiber);
        group.add(fiber);
      }
      if (i % 8 == 0) {
        group.join_for(10us);
      }
    }
    group.join();
  };
  {
    Scheduler scheduler{.workers = 2};
    const auto first = scheduler.spawn(spawn_many);
    const auto second = scheduler.spawn(spawn_many);
    std::thread thread(spawn_many);
    spawn_many();
    joinall({first, second});
    thread.join();
  }
  EXPECT_EQ(ran, 4 * kEach);
  EXPECT_TRUE(group.empty());
}

}  // namespace
}  // namespace weft
