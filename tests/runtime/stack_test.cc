#include "runtime/stack.h"

#include <gtest/gtest.h>
#include <weft/fiber.h>

#include <csignal>

#include "runtime/os.h"
#include "tests/runtime/fixture.h"

namespace weft::runtime {
namespace {

TEST(Stack, ClassHoldsWhatIsAskedAndTheGuard) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{12} << 10, std::size_t{256} << 10}) {
    const int size_class = StackSize::class_for(bytes);
    EXPECT_GE(StackSize::spacing(size_class), bytes + os::kPage);
    EXPECT_TRUE(size_class == 0 || StackSize::spacing(size_class - 1) < bytes + os::kPage);
  }
}

TEST(Stack, IsWritableDownToItsGuard) {
  const Stack stack = cut_stack(0);
  ASSERT_NE(stack.low, nullptr);
  stack.low[0] = 'a';
  stack.top[-1] = 'z';
  EXPECT_EQ(static_cast<std::size_t>(stack.top - stack.low), StackSize::spacing(0) - os::kPage);
  EXPECT_TRUE(in_guard(stack, stack.low, stack.low - 1));
  EXPECT_TRUE(in_guard(stack, stack.low, stack.low - os::kPage));
  EXPECT_FALSE(in_guard(stack, stack.low, stack.low));
  EXPECT_FALSE(in_guard(stack, stack.low, stack.low - os::kPage - 1));
}

TEST(Stack, NoTwoShareAByte) {
  const Stack first = cut_stack(1);
  const Stack second = cut_stack(1);
  EXPECT_TRUE(first.top <= second.low - os::kPage || second.top <= first.low - os::kPage);
}

[[gnu::noinline]] int dig(int depth) {
  volatile char room[1024] = {};
  room[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : dig(depth + 1) + room[0];  // "< 0": a recursion that could end
}

TEST(StackDeathTest, OverflowNamesFiberSizeAndRemedy) {
  if (test::kSanitized) {
    GTEST_SKIP() << "the sanitizer reports SIGSEGV itself";
  }
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(weft::spawn({.stack_bytes = 64 << 10, .name = "digger"}, dig, 0).join(),
              testing::KilledBySignal(SIGSEGV),
              "stack overflow in fiber [0-9]+ 'digger'.*its stack has [0-9]+ KiB.*WEFT_STACK");
}

TEST(Stack, AWiderGuardIsUndone) {
  const Stack stack = cut_stack(2);
  ASSERT_NE(stack.low, nullptr);
  ASSERT_TRUE(widen_guard(stack, 2 * os::kPage));
  stack.low[2 * os::kPage] = 'x';  // above it
  EXPECT_TRUE(in_guard(stack, stack.low + 2 * os::kPage, stack.low + os::kPage));
  EXPECT_DEATH(*static_cast<volatile char*>(stack.low + os::kPage) = 'x', "");
  narrow_guard(stack, 2 * os::kPage);
  stack.low[0] = 'x';
  EXPECT_EQ(stack.low[0], 'x');
}

}  // namespace
}  // namespace weft::runtime
