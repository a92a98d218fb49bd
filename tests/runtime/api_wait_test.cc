#include <weft/weft.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class Wait : public RuntimeTest {};

std::vector<Fiber<int>> sleepers(std::initializer_list<int> turns) {
  std::vector<Fiber<int>> fibers;
  for (const int turn : turns) {
    fibers.push_back(spawn([turn] {
      for (int i = 0; i < turn; ++i) {
        yield();
      }
      return turn;
    }));
  }
  return fibers;
}

TEST_F(Wait, IwaitYieldsInTheOrderOfCompletion) {
  std::string order;
  for (const auto& done : iwait(sleepers({3, 1, 2}))) {
    order += std::to_string(done.get());
  }
  EXPECT_EQ(order, "123");
}

TEST_F(Wait, IwaitMayBeDropped) {
  const auto fibers = sleepers({1, 2, 3});
  for (const auto& done : as_completed(fibers)) {
    EXPECT_EQ(done.get(), 1);
    break;
  }
  joinall(fibers);
}

TEST_F(Wait, IwaitEndsInTime) {
  Event never;
  const std::vector<Event*> events = {&never};
  int seen = 0;
  for (const Event* event : iwait(events, 1ms)) {
    seen += event != nullptr ? 1 : 0;
  }
  EXPECT_EQ(seen, 0);
}

TEST_F(Wait, TakesAnyWaitable) {
  Event set;
  Event unset;
  set.set();
  const std::vector<const Event*> events = {&unset, &set};
  const auto done = weft::wait(events, {.count = 1});
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0], &set);
}

TEST_F(Wait, HearsOfAnEventThatIsClearedAtOnce) {
  Event event;
  const auto setter = spawn([&event] {
    event.set();
    event.clear();
  });
  EXPECT_EQ(weft::wait(std::vector<Event*>{&event}).size(), 1U);
}

TEST_F(Wait, StopsInTime) {
  const auto fibers = sleepers({1, 1000000});
  EXPECT_EQ(weft::wait(fibers, {.timeout = 5ms}).size(), 1U);
  killall(fibers);
}

TEST_F(Wait, ForNothingIsOver) { EXPECT_TRUE(weft::wait(std::vector<AnyFiber>()).empty()); }

TEST_F(Wait, AnyAllAndFirstException) {
  auto fibers = sleepers({5, 1, 2});
  auto first = wait_any(fibers);
  ASSERT_EQ(first.done.size(), 1U);
  EXPECT_EQ(first.done[0].get(), 1);
  EXPECT_EQ(first.pending.size(), 2U);
  EXPECT_EQ(wait_all(fibers).done.size(), 3U);
  const auto failing = spawn([]() -> int { throw std::runtime_error("no"); });
  fibers.push_back(failing);
  fibers.push_back(spawn([] {
    sleep(1h);
    return 0;
  }));
  const auto failed = wait_first_exception(fibers);
  EXPECT_EQ(failed.done.back().id(), failing.id());
  EXPECT_EQ(failed.pending.size(), 1U);
  EXPECT_THROW(failing.get(), std::runtime_error);
  killall(failed.pending);
}

TEST_F(Wait, AnyMayBeOutOfTime) {
  const auto sleeper = spawn([] { sleep(1h); });
  const auto result = wait_any(std::vector<AnyFiber>{sleeper}, 1ms);
  EXPECT_TRUE(result.done.empty());
  EXPECT_EQ(result.pending.size(), 1U);
  sleeper.kill();
}

TEST_F(Wait, JoinallReturnsThoseThatEnded) {
  const auto fibers = sleepers({2, 1, 1000000});
  EXPECT_EQ(joinall(fibers, {.count = 2}).size(), 2U);
  EXPECT_EQ(joinall(fibers, {.timeout = 1ms}).size(), 2U);
  killall(fibers);
}

TEST_F(Wait, JoinallRaisesTheFirstFailure) {
  std::vector<AnyFiber> fibers = {spawn([] { sleep(1h); }),
                                  spawn([] { throw std::runtime_error("no"); })};
  EXPECT_THROW(joinall(fibers, {.raise_error = true}), std::runtime_error);
  EXPECT_FALSE(fibers[0].ready());
  killall(fibers);
}

TEST_F(Wait, GatherKeepsTheOrder) {
  EXPECT_EQ(gather(sleepers({3, 1, 2})), (std::vector<int>{3, 1, 2}));
  const auto [number, text, nothing] = gather(
      spawn([] { return 1; }), spawn([] { return std::string("a"); }), spawn([] { yield(); }));
  EXPECT_EQ(number, 1);
  EXPECT_EQ(text, "a");
  EXPECT_EQ(nothing, std::monostate());
}

TEST_F(Wait, GatherFailsAtTheFirstFailureAndTheOthersGoOn) {
  const auto slow = spawn([] { sleep(1h); });
  const auto bad = spawn([] { throw std::runtime_error("no"); });
  EXPECT_THROW(gather(slow, bad), std::runtime_error);
  EXPECT_FALSE(slow.ready());
  slow.kill();
}

TEST_F(Wait, GatherIsKilledWithItsFibers) {
  const auto child = spawn([] { sleep(1h); });
  const auto parent = spawn([&child] { gather(child); });
  yield();
  yield();
  parent.kill();
  child.join();
  EXPECT_TRUE(child.was_killed());
}

TEST_F(Wait, GatherSettledHasResultsAndErrors) {
  const auto [good, bad] = gather_settled(spawn([] { return 1; }),
                                          spawn([]() -> int { throw std::runtime_error("no"); }));
  EXPECT_EQ(good.value(), 1);
  EXPECT_FALSE(bad.has_value());
  EXPECT_THROW(static_cast<void>(bad.value()), std::runtime_error);
}

TEST_F(Wait, ShieldGoesOnWhenItsCallerIsKilled) {
  Event go_on;
  bool done = false;
  const auto caller = spawn([&] {
    shield([&] {
      go_on.wait();
      done = true;
    });
  });
  yield();
  yield();
  caller.kill();
  EXPECT_FALSE(done);
  go_on.set();
  while (!done) {
    yield();
  }
}

TEST_F(Wait, AFiberScopeJoinsItsFibers) {
  int done = 0;
  {
    FiberScope scope;
    for (int i = 0; i < 3; ++i) {
      scope.spawn([&done] {
        yield();
        ++done;
      });
    }
    scope.spawn([&scope, &done] { scope.spawn([&done] { ++done; }); });
  }
  EXPECT_EQ(done, 4);
}

TEST_F(Wait, AFiberScopeFailsWithItsFirstFailure) {
  AnyFiber other;
  const auto use = [&other] {
    FiberScope scope;
    other = scope.spawn([] { sleep(1h); });
    scope.spawn([] { throw std::runtime_error("no"); });
  };
  EXPECT_THROW(use(), std::runtime_error);
  EXPECT_TRUE(other.was_killed());
}

TEST_F(Wait, AFiberScopeThatIsLeftByAnExceptionKills) {
  AnyFiber child;
  const auto use = [&child] {
    FiberScope scope;
    child = scope.spawn([] { sleep(1h); });
    yield();
    throw std::runtime_error("out of here");
  };
  EXPECT_THROW(use(), std::runtime_error);
  EXPECT_TRUE(child.was_killed());
}

TEST_F(Wait, AFiberScopeIsKilledWithItsOwner) {
  AnyFiber child;
  const auto owner = spawn([&child] {
    FiberScope scope;
    child = scope.spawn([] { sleep(1h); });
  });
  yield();
  yield();
  owner.kill();
  EXPECT_TRUE(owner.was_killed());
  EXPECT_TRUE(child.was_killed());
}

TEST_F(Wait, AFiberScopeHeedsATimeout) {
  AnyFiber child;
  const auto use = [&child] {
    FiberScope scope;
    child = scope.spawn([] { sleep(1h); });
  };
  EXPECT_THROW(with_timeout(1ms, use), TimeoutError);
  EXPECT_TRUE(child.was_killed());
}

TEST(WaitOnAThread, WithoutFibersOfItsOwn) {
  Scheduler scheduler{.workers = 2};
  const std::vector<Fiber<int>> fibers = {scheduler.spawn([] {
                                            sleep(2ms);
                                            return 2;
                                          }),
                                          scheduler.spawn([] { return 1; })};
  std::string order;
  std::thread([&] {
    for (const auto& done : iwait(fibers)) {
      order += std::to_string(done.get());
    }
  }).join();
  EXPECT_EQ(order.size(), 2U);
}

// Under ThreadSanitizer: the set is dropped while others wake its members.
TEST(WaitStress, DroppedAtAnyMoment) {
  constexpr int kRounds = kSanitized ? 100 : 1000;
  Scheduler scheduler{.workers = 3};
  for (int i = 0; i < kRounds; ++i) {
    std::vector<AnyFiber> fibers;
    for (int n = 0; n < 8; ++n) {
      fibers.push_back(scheduler.spawn([] { yield(); }));
    }
    EXPECT_GE(weft::wait(fibers, {.count = static_cast<std::size_t>(i % 8)}).size(),
              static_cast<std::size_t>(i % 8));
    joinall(fibers);
  }
}

}  // namespace
}  // namespace weft
