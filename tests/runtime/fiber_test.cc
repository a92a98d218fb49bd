#include "runtime/fiber.h"

#include <gtest/gtest.h>
#include <weft/fiber.h>

#include <cstring>
#include <set>

#include "runtime/fiber_pool.h"
#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

TEST(FiberPool, TheLastOnePutIsTheFirstOneTaken) {
  Fiber* const first = fiber_pool::take(20'000, false);
  Fiber* const second = fiber_pool::take(20'000, false);
  ASSERT_NE(first, second);
  fiber_pool::put(first);
  fiber_pool::put(second);
  EXPECT_EQ(fiber_pool::take(20'000, false), second);
  EXPECT_EQ(fiber_pool::take(20'000, false), first);
  fiber_pool::put(first);
  fiber_pool::put(second);
}

TEST(FiberPool, GivesAtLeastTheStackThatIsAsked) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{16} << 10, std::size_t{1} << 20}) {
    Fiber* const fiber = fiber_pool::take(bytes, false);
    EXPECT_GE(static_cast<std::size_t>(fiber->stack_top - fiber->stack_low), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(fiber->stack_top) % 16, 0U);
    fiber_pool::put(fiber);
  }
}

TEST(FiberPool, AUsedFiberIsLikeANewOne) {
  Fiber* const fiber = fiber_pool::take(20'000, false);
  const pid_t tid = fiber->tid;
  set_name(*fiber, "old");
  fiber->saved_errno = 7;
  fiber->end_state = Fiber::kHasEnded;
  fiber_pool::put(fiber);
  EXPECT_EQ(fiber->state, FiberState::kFree);
  ASSERT_EQ(fiber_pool::take(20'000, false), fiber);
  EXPECT_NE(fiber->tid, tid);
  EXPECT_GE(fiber->tid, kFirstFiberTid);
  EXPECT_STREQ(fiber->name, "");
  EXPECT_EQ(fiber->saved_errno, 0);
  EXPECT_EQ(fiber->end_state, 0U);
  fiber_pool::put(fiber);
}

TEST(FiberName, IsCutToFifteenCharacters) {
  Fiber fiber;
  set_name(fiber, "a name that is too long");
  EXPECT_STREQ(fiber.name, "a name that is ");
}

class FiberReuse : public test::RuntimeTest {};

TEST_F(FiberReuse, ManyShortFibersNeedFewStacks) {
  std::set<const Fiber*> used;
  for (int i = 0; i < 1000; ++i) {
    weft::spawn([&used] { used.insert(current()); }).join();
  }
  EXPECT_LE(used.size(), 2U);
}

}  // namespace
}  // namespace weft::runtime
