#include <weft/event.h>
#include <weft/fiber.h>

#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"
#include "tests/support/error_of.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class FiberApi : public RuntimeTest {};

TEST_F(FiberApi, ReturnsWhatTheCallableReturns) {
  EXPECT_EQ(spawn([](int a, int b) { return a + b; }, 2, 3).get(), 5);
  EXPECT_EQ(spawn([] { return std::string("text"); }).get(), "text");
  int target = 0;
  const Fiber<int&> reference = spawn([&target]() -> int& { return target; });
  EXPECT_EQ(&reference.get(), &target);
  const Fiber<void> nothing = spawn([] {});
  nothing.get();
}

TEST_F(FiberApi, TakesCopiesOfItsArguments) {
  std::string text = "before";
  const auto fiber = spawn([](const std::string& copy) { return copy; }, text);
  text = "after";
  EXPECT_EQ(fiber.get(), "before");
}

TEST_F(FiberApi, MovesWhatCanNotBeCopied) {
  auto fiber = spawn([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(7));
  EXPECT_EQ(*fiber.get(), 7);
}

TEST_F(FiberApi, CallsMemberFunctions) {
  struct Counter {
    int count = 0;
    int add(int n) { return count += n; }
  };
  Counter counter;
  EXPECT_EQ(spawn(&Counter::add, &counter, 4).get(), 4);
  EXPECT_EQ(counter.count, 4);
}

TEST_F(FiberApi, TheCallerGoesOnFirst) {
  std::string order;
  const auto first = spawn([&order] { order += "b"; });
  const auto second = spawn([&order] { order += "c"; });
  order += "a";
  joinall({first, second});
  EXPECT_EQ(order, "abc");
}

TEST_F(FiberApi, GetRethrowsAsOftenAsAsked) {
  const auto fiber = spawn([]() -> int { throw std::runtime_error("no"); });
  fiber.join();
  EXPECT_THROW(fiber.get(), std::runtime_error);
  EXPECT_THROW(fiber.get(), std::runtime_error);
}

TEST_F(FiberApi, CopiesReferToOneFiber) {
  const auto fiber = spawn([] { return 1; });
  const auto copy = fiber;
  AnyFiber any = copy;
  EXPECT_EQ(any.id(), fiber.id());
  EXPECT_FALSE(fiber.ready());
  any.join();
  EXPECT_TRUE(fiber.ready());
  EXPECT_EQ(fiber.get() + copy.get(), 2);
  AnyFiber moved = std::move(any);
  EXPECT_EQ(moved.id(), fiber.id());
}

TEST_F(FiberApi, DroppingTheHandleDetaches) {
  bool ran = false;
  spawn([&ran] {
    yield();
    ran = true;
  });
  yield();
  yield();
  EXPECT_TRUE(ran);
}

TEST_F(FiberApi, NamesAndIdsAreSeenInside) {
  const auto fiber = spawn({.name = "a name that is too long"}, [] {
    EXPECT_EQ(this_fiber::name(), "a name that is ");
    EXPECT_TRUE(this_fiber::on_fiber());
    return this_fiber::id();
  });
  EXPECT_EQ(fiber.name(), "a name that is ");
  EXPECT_EQ(fiber.get(), fiber.id());
  std::thread([] {
    EXPECT_FALSE(this_fiber::on_fiber());
    EXPECT_EQ(this_fiber::id(), 0U);
    EXPECT_EQ(this_fiber::name(), "");
  }).join();
}

TEST_F(FiberApi, JoinForTimesOut) {
  Event let_go;
  const auto waiter = spawn([&let_go] { let_go.wait(); });
  expect_times_out([&](auto limit) { return waiter.join_for(limit); });
  EXPECT_FALSE(waiter.join_for(0ms));
  let_go.set();
  EXPECT_TRUE(waiter.join_for(std::chrono::hours::max()));
}

TEST_F(FiberApi, JoinallHasOneTimeoutForAll) {
  Event let_go;
  const std::vector<Fiber<void>> fibers{spawn([] {}), spawn([&let_go] { let_go.wait(); })};
  const Stopwatch watch;
  EXPECT_FALSE(joinall(3ms, fibers));
  EXPECT_GE(watch.elapsed(), 3ms);
  EXPECT_TRUE(fibers[0].ready());
  let_go.set();
  EXPECT_TRUE(joinall(10s, {fibers[0], fibers[1]}));
  joinall(std::array<AnyFiber, 1>{fibers[1]});
}

TEST_F(FiberApi, JoinsThatCanNotEndAreErrors) {
  EXPECT_EQ(error_of([] { AnyFiber().join(); }), EINVAL);
  Fiber<int> self;
  self = spawn([&] { return error_of([&] { self.join(); }); });
  EXPECT_EQ(self.get(), EDEADLK);
}

TEST_F(FiberApi, AThreadWithoutFibersJoins) {
  const auto fiber = spawn([] { return 9; });
  int got = 0;
  std::thread joiner([&] { got = fiber.get(); });
  fiber.join();
  joiner.join();
  EXPECT_EQ(got, 9);
}

TEST_F(FiberApi, FibersOfAnotherThreadAreJoined) {
  Fiber<int> there;
  std::atomic<bool> spawned{false};
  std::thread thread([&] {
    there = spawn([] {
      sleep(5ms);
      return 3;
    });
    spawned = true;
    there.join();
  });
  while (!spawned) {
    yield();
  }
  EXPECT_EQ(there.get(), 3);
  thread.join();
}

TEST_F(FiberApi, TheCallableIsDestroyedWhenItHasRun) {
  const auto held = std::make_shared<int>(1);
  const auto fiber = spawn([held] {});
  EXPECT_EQ(held.use_count(), 2);
  fiber.join();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(FiberApi, AStackSizeThatNobodyHasIsAnError) {
  EXPECT_THROW(spawn({.stack_bytes = std::size_t{1} << 60}, [] {}), std::system_error);
}

TEST_F(FiberApi, ManyFibersAtOnce) {
  constexpr int kMany = kSanitized ? 2'000 : 10'000;  // the thread sanitizer follows 8,128
  std::vector<Fiber<int>> fibers;
  for (int i = 0; i < kMany; ++i) {
    fibers.push_back(spawn({.stack_bytes = 16 << 10}, [i] {
      yield();
      return i;
    }));
  }
  long sum = 0;
  for (const auto& fiber : fibers) {
    sum += fiber.get();
  }
  EXPECT_EQ(sum, kMany * (kMany - 1L) / 2);
}

}  // namespace
}  // namespace weft
