// tests/hooks/thread_once_key_test.cc: pthread_once, and values that each thread has for itself.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "tests/support/thread.h"

namespace weft::test {
namespace {

std::atomic<int> once_runs{0};
std::atomic<bool> once_done{false};

void slow_initialisation() {
  ++once_runs;
  usleep(20'000);
  once_done = true;
}

TEST(Once, RunsOnceAndAllWaitForIt) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 20; ++i) {
      threads.push_back(std::make_unique<Thread>([&] {
        EXPECT_EQ(pthread_once(&once, slow_initialisation), 0);
        EXPECT_TRUE(once_done) << "came back before the initialisation had ended";
      }));
    }
    usleep(2000);
    expect_few_kernel_threads();
  }
  EXPECT_EQ(once_runs, 1);
}

TEST(Once, OnceInsideAnotherOnce) {
  static pthread_once_t outer = PTHREAD_ONCE_INIT;
  static pthread_once_t inner = PTHREAD_ONCE_INIT;
  static int runs = 0;
  pthread_once(&outer, [] { pthread_once(&inner, [] { ++runs; }); });
  pthread_once(&inner, [] { ++runs; });
  EXPECT_EQ(runs, 1);
}

TEST(StdCallOnce, ExceptionLetsTheNextOneTry) {
  std::once_flag flag;
  int runs = 0;
  EXPECT_THROW(std::call_once(flag,
                              [&] {
                                ++runs;
                                throw std::runtime_error("not yet");
                              }),
               std::runtime_error);
  std::call_once(flag, [&] { ++runs; });
  std::call_once(flag, [&] { ++runs; });
  EXPECT_EQ(runs, 2);
}

struct Slow {
  Slow() { usleep(20'000); }
  int value = 42;
};

int local_static() {
  static const Slow slow;
  return slow.value;
}

// The guard of a local static waits through syscall(SYS_futex), not through a pthread call.
TEST(LocalStatic, AllWaitForItsConstructor) {
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 20; ++i) {
    threads.push_back(std::make_unique<Thread>([] { EXPECT_EQ(local_static(), 42); }));
  }
}

TEST(Key, EachThreadHasItsValue) {
  pthread_key_t key{};
  ASSERT_EQ(pthread_key_create(&key, nullptr), 0);
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (std::intptr_t i = 1; i <= 50; ++i) {
      threads.push_back(std::make_unique<Thread>([key, i] {
        EXPECT_EQ(pthread_getspecific(key), nullptr);
        EXPECT_EQ(pthread_setspecific(key, reinterpret_cast<void*>(i)), 0);
        for (int round = 0; round < 5; ++round) {
          usleep(500);
          EXPECT_EQ(pthread_getspecific(key), reinterpret_cast<void*>(i));
        }
      }));
    }
  }
  EXPECT_EQ(pthread_getspecific(key), nullptr);
  EXPECT_EQ(pthread_key_delete(key), 0);
  EXPECT_EQ(pthread_setspecific(key, &key), EINVAL);
}

std::atomic<int> destroyed{0};

TEST(Key, DestructorRunsBeforeJoinReturns) {
  pthread_key_t key{};
  const auto destroy = [](void* value) {
    usleep(2000);  // a destructor may block
    destroyed += *static_cast<int*>(value);
  };
  ASSERT_EQ(pthread_key_create(&key, destroy), 0);
  int value = 5;
  destroyed = 0;
  for (int i = 0; i < 3; ++i) {
    Thread thread([&] { pthread_setspecific(key, &value); });
  }
  EXPECT_EQ(destroyed, 15);
  Thread without([] {});
  without.join();
  EXPECT_EQ(destroyed, 15) << "no value, no destructor";
  EXPECT_EQ(pthread_key_delete(key), 0);
}

pthread_key_t again_key{};
std::atomic<int> rounds{0};

TEST(Key, DestructorRoundsEnd) {
  const auto set_again = [](void* value) {
    ++rounds;
    pthread_setspecific(again_key, value);
  };
  ASSERT_EQ(pthread_key_create(&again_key, set_again), 0);
  rounds = 0;
  int value = 0;
  {
    Thread thread([&] { pthread_setspecific(again_key, &value); });
  }
  EXPECT_EQ(rounds, PTHREAD_DESTRUCTOR_ITERATIONS);
  EXPECT_EQ(pthread_key_delete(again_key), 0);
}

TEST(Key, ManyKeys) {
  constexpr std::size_t kKeys =
      500;  // beyond the first block that glibc keeps in the thread itself
  std::vector<pthread_key_t> keys(kKeys);
  for (auto& key : keys) {
    ASSERT_EQ(pthread_key_create(&key, nullptr), 0);
  }
  const auto use = [&] {
    for (std::size_t i = 0; i < kKeys; ++i) {
      EXPECT_EQ(pthread_setspecific(keys[i], &keys[i]), 0);
    }
    usleep(1000);
    for (std::size_t i = 0; i < kKeys; ++i) {
      EXPECT_EQ(pthread_getspecific(keys[i]), &keys[i]);
    }
  };
  {
    Thread first(use);
    Thread second(use);
  }
  for (const auto key : keys) {
    EXPECT_EQ(pthread_key_delete(key), 0);
  }
}

struct Counted {
  static std::atomic<int> alive;
  static std::atomic<int> made;
  Counted() {
    ++alive;
    ++made;
  }
  ~Counted() { --alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  int value = 0;
};
std::atomic<int> Counted::alive{0};
std::atomic<int> Counted::made{0};

thread_local Counted counted;

TEST(ThreadLocal, ConstructedAndDestroyedOncePerThread) {
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 1; i <= 50; ++i) {
      threads.push_back(std::make_unique<Thread>([i] {
        EXPECT_EQ(counted.value, 0);
        counted.value = i;
        usleep(2000);
        EXPECT_EQ(counted.value, i);
      }));
    }
  }
  EXPECT_EQ(Counted::made, 50);
  EXPECT_EQ(Counted::alive, 0);
}

thread_local int own_number = 7;

TEST(ThreadLocal, ErrnoAndPlainVariables) {
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 1; i <= 50; ++i) {
    threads.push_back(std::make_unique<Thread>([i] {
      EXPECT_EQ(own_number, 7);
      own_number = i;
      errno = 1000 + i;
      sched_yield();
      EXPECT_EQ(errno, 1000 + i);
      usleep(1000);
      EXPECT_EQ(own_number, i);
    }));
  }
}

}  // namespace
}  // namespace weft::test
