// tests/hooks/thread_attr_test.cc: what a thread was asked to be, and what it says it is.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>

#include "tests/support/thread.h"

namespace weft::test {
namespace {

class Attributes {
 public:
  Attributes() { EXPECT_EQ(pthread_attr_init(&value_), 0); }
  ~Attributes() { pthread_attr_destroy(&value_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  pthread_attr_t* get() { return &value_; }

 private:
  pthread_attr_t value_{};
};

struct Stack {
  std::uintptr_t low = 0;
  std::size_t size = 0;
  std::uintptr_t local = 0;
  int detach_state = -1;
};

// Asks the running thread for its own stack.
void* describe_stack(void* result) {
  auto* const stack = static_cast<Stack*>(result);
  pthread_attr_t attributes{};
  EXPECT_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
  void* low = nullptr;
  EXPECT_EQ(pthread_attr_getstack(&attributes, &low, &stack->size), 0);
  EXPECT_EQ(pthread_attr_getdetachstate(&attributes, &stack->detach_state), 0);
  stack->low = reinterpret_cast<std::uintptr_t>(low);
  stack->local = reinterpret_cast<std::uintptr_t>(&attributes);
  pthread_attr_destroy(&attributes);
  return nullptr;
}

Stack stack_of_thread_with(const pthread_attr_t* attributes) {
  Stack stack;
  pthread_t id{};
  EXPECT_EQ(pthread_create(&id, attributes, describe_stack, &stack), 0);
  EXPECT_EQ(pthread_join(id, nullptr), 0);
  EXPECT_GE(stack.local, stack.low);
  EXPECT_LT(stack.local, stack.low + stack.size);
  return stack;
}

TEST(StackSize, AskedSizeIsThere) {
  for (const std::size_t size :
       {std::size_t{64} << 10, std::size_t{1} << 20, std::size_t{16} << 20}) {
    Attributes attributes;
    ASSERT_EQ(pthread_attr_setstacksize(attributes.get(), size), 0);
    EXPECT_GE(stack_of_thread_with(attributes.get()).size, size);
  }
}

TEST(StackSize, DefaultFollowsTheLimit) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
  const Stack stack = stack_of_thread_with(nullptr);
  EXPECT_GE(stack.size, limit.rlim_cur == RLIM_INFINITY ? 2U << 20 : limit.rlim_cur);
  EXPECT_EQ(stack.detach_state, PTHREAD_CREATE_JOINABLE);
}

TEST(StackSize, CanBeUsed) {
  Attributes attributes;
  ASSERT_EQ(pthread_attr_setstacksize(attributes.get(), 4 << 20), 0);
  pthread_t id{};
  const auto use = [](void*) -> void* {
    std::array<volatile char, 3 << 20> block;
    for (std::size_t i = 0; i < block.size(); i += 4096) {
      block[i] = 'u';
    }
    usleep(1000);
    EXPECT_EQ(block[4096], 'u');
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&id, attributes.get(), use, nullptr), 0);
  EXPECT_EQ(pthread_join(id, nullptr), 0);
}

TEST(StackSize, TooSmallIsRefused) {
  Attributes attributes;
  EXPECT_EQ(pthread_attr_setstacksize(attributes.get(), 100), EINVAL);
}

TEST(StackAddress, ProgramsOwnMemoryIsUsed) {
  constexpr std::size_t kSize = 1 << 20;
  void* const memory =
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  {
    Attributes attributes;
    ASSERT_EQ(pthread_attr_setstack(attributes.get(), memory, kSize), 0);
    const Stack stack = stack_of_thread_with(attributes.get());
    const auto low = reinterpret_cast<std::uintptr_t>(memory);
    EXPECT_GE(stack.local, low);
    EXPECT_LT(stack.local, low + kSize);
  }
  EXPECT_EQ(munmap(memory, kSize), 0);
}

TEST(StackOfMain, ContainsItsVariables) {
  Stack stack;
  describe_stack(&stack);
  EXPECT_GE(stack.local, stack.low);
  EXPECT_LT(stack.local, stack.low + stack.size);
}

TEST(DetachState, IsHonoured) {
  Attributes attributes;
  ASSERT_EQ(pthread_attr_setdetachstate(attributes.get(), PTHREAD_CREATE_DETACHED), 0);
  std::atomic<int> step{0};
  const auto body = [](void* argument) -> void* {
    auto& at = *static_cast<std::atomic<int>*>(argument);
    Stack stack;
    describe_stack(&stack);
    EXPECT_EQ(stack.detach_state, PTHREAD_CREATE_DETACHED);
    at = 1;
    while (at != 2) {
      usleep(1000);
    }
    at = 3;
    return nullptr;
  };
  pthread_t id{};
  ASSERT_EQ(pthread_create(&id, attributes.get(), body, &step), 0);
  while (step != 1) {
    usleep(1000);
  }
  EXPECT_EQ(pthread_join(id, nullptr), EINVAL);
  step = 2;
  while (step != 3) {
    usleep(1000);
  }
}

TEST(Name, SetByOthersAndByOneself) {
  std::atomic<bool> done{false};
  std::array<char, 16> name{};
  Thread thread([&] {
    std::array<char, 16> own{};
    EXPECT_EQ(pthread_setname_np(pthread_self(), "by-itself"), 0);
    EXPECT_EQ(pthread_getname_np(pthread_self(), own.data(), own.size()), 0);
    EXPECT_STREQ(own.data(), "by-itself");
    while (!done) {
      usleep(1000);
    }
  });
  usleep(2000);
  EXPECT_EQ(pthread_setname_np(thread.id(), "by-another"), 0);
  EXPECT_EQ(pthread_getname_np(thread.id(), name.data(), name.size()), 0);
  EXPECT_STREQ(name.data(), "by-another");
  EXPECT_EQ(pthread_getname_np(thread.id(), name.data(), 4), ERANGE);
  EXPECT_EQ(pthread_setname_np(thread.id(), "sixteen letters!"), ERANGE);
  done = true;
}

TEST(Name, EachThreadHasItsOwn) {
  std::atomic<int> named{0};
  const auto body = [&](const char* text) {
    std::array<char, 16> name{};
    EXPECT_EQ(pthread_setname_np(pthread_self(), text), 0);
    ++named;
    while (named < 2) {
      usleep(1000);
    }
    EXPECT_EQ(pthread_getname_np(pthread_self(), name.data(), name.size()), 0);
    EXPECT_STREQ(name.data(), text);
  };
  Thread first([&] { body("first"); });
  Thread second([&] { body("second"); });
}

TEST(GuardSize, IsReported) {
  Attributes attributes;
  ASSERT_EQ(pthread_attr_setguardsize(attributes.get(), 8192), 0);
  std::size_t size = 0;
  EXPECT_EQ(pthread_attr_getguardsize(attributes.get(), &size), 0);
  EXPECT_EQ(size, 8192U);
  stack_of_thread_with(attributes.get());
}

}  // namespace
}  // namespace weft::test
