// tests/hooks/mutex_test.cc: the kinds of pthread_mutex_t, and what each answers.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

class Mutex {
 public:
  explicit Mutex(int kind) {
    pthread_mutexattr_t attributes{};
    pthread_mutexattr_init(&attributes);
    EXPECT_EQ(pthread_mutexattr_settype(&attributes, kind), 0);
    EXPECT_EQ(pthread_mutex_init(&value_, &attributes), 0);
    pthread_mutexattr_destroy(&attributes);
  }
  ~Mutex() { EXPECT_EQ(pthread_mutex_destroy(&value_), 0); }
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  pthread_mutex_t* get() { return &value_; }

 private:
  pthread_mutex_t value_{};
};

class EveryMutex : public testing::TestWithParam<int> {};

void lock_and_unlock(pthread_mutex_t* mutex) {
  EXPECT_EQ(pthread_mutex_lock(mutex), 0);
  EXPECT_EQ(pthread_mutex_unlock(mutex), 0);
}

TEST_P(EveryMutex, LetsOthersRunWhileItIsHeld) {
  Mutex mutex(GetParam());
  std::atomic<bool> held{false};
  std::atomic<bool> release{false};
  Thread holder([&] {
    EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
    held = true;
    while (!release) {
      usleep(500);
    }
    EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
  });
  while (!held) {
    usleep(500);
  }
  expect_others_run([&] { lock_and_unlock(mutex.get()); }, [&] { release = true; });
}

TEST_P(EveryMutex, TryLockIsBusyForOthers) {
  Mutex mutex(GetParam());
  EXPECT_EQ(pthread_mutex_trylock(mutex.get()), 0);
  Thread other([&] { EXPECT_EQ(pthread_mutex_trylock(mutex.get()), EBUSY); });
  other.join();
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
  Thread next([&] {
    EXPECT_EQ(pthread_mutex_trylock(mutex.get()), 0);
    EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
  });
}

TEST_P(EveryMutex, TimedLockTimesOut) {
  Mutex mutex(GetParam());
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  expect_others_run(
      [&] {
        const Stopwatch watch;
        const timespec moment = after(milliseconds(40));
        EXPECT_EQ(pthread_mutex_timedlock(mutex.get(), &moment), ETIMEDOUT);
        watch.expect(milliseconds(40));
        for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
          const Stopwatch again;
          const timespec end = after(milliseconds(40), clock);
          EXPECT_EQ(pthread_mutex_clocklock(mutex.get(), clock, &end), ETIMEDOUT);
          again.expect(milliseconds(40));
        }
      },
      [] {});
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

TEST_P(EveryMutex, TimedLockGetsAFreeOneEvenInThePast) {
  Mutex mutex(GetParam());
  const timespec past{.tv_sec = 1, .tv_nsec = 0};
  EXPECT_EQ(pthread_mutex_timedlock(mutex.get(), &past), 0);
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

TEST_P(EveryMutex, TimedLockGetsItInTime) {
  Mutex mutex(GetParam());
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  Thread waiter([&] {
    const timespec moment = after(seconds(10));
    EXPECT_EQ(pthread_mutex_timedlock(mutex.get(), &moment), 0);
    EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
  });
  usleep(3000);
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

TEST_P(EveryMutex, DestroyIsBusyWhileHeld) {
  Mutex mutex(GetParam());
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  EXPECT_EQ(pthread_mutex_destroy(mutex.get()), EBUSY);
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryMutex,
                         testing::Values(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
                                         PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP));

TEST(RecursiveMutex, CountsItsLocks) {
  Mutex mutex(PTHREAD_MUTEX_RECURSIVE);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  }
  EXPECT_EQ(pthread_mutex_trylock(mutex.get()), 0);
  for (int i = 0; i < 4; ++i) {
    Thread other([&] { EXPECT_EQ(pthread_mutex_trylock(mutex.get()), EBUSY); });
    other.join();
    EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
  }
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), EPERM);
  Thread other([&] { lock_and_unlock(mutex.get()); });
}

// The owner is the thread: two threads on one kernel thread must not take each other's for their
// own.
TEST(RecursiveMutex, BelongsToOneThread) {
  Mutex mutex(PTHREAD_MUTEX_RECURSIVE);
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  Thread other([&] { EXPECT_EQ(pthread_mutex_unlock(mutex.get()), EPERM); });
  other.join();
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

TEST(ErrorCheckMutex, KnowsItsOwner) {
  Mutex mutex(PTHREAD_MUTEX_ERRORCHECK);
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), EPERM);
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), EDEADLK);
  EXPECT_EQ(pthread_mutex_trylock(mutex.get()), EBUSY);
  const timespec moment = after(seconds(1));
  EXPECT_EQ(pthread_mutex_timedlock(mutex.get(), &moment), EDEADLK);
  Thread other([&] { EXPECT_EQ(pthread_mutex_unlock(mutex.get()), EPERM); });
  other.join();
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

TEST(NormalMutex, TryLockIsBusyForItsOwner) {
  Mutex mutex(PTHREAD_MUTEX_NORMAL);
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  EXPECT_EQ(pthread_mutex_trylock(mutex.get()), EBUSY);
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

TEST(StaticInitialiser, OfEveryKind) {
  static std::array<pthread_mutex_t, 4> mutexes = {{
      PTHREAD_MUTEX_INITIALIZER,
      PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
      PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
      PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP,
  }};
  for (auto& mutex : mutexes) {
    int count = 0;
    {
      std::vector<std::unique_ptr<Thread>> threads;
      for (int i = 0; i < 10; ++i) {
        threads.push_back(std::make_unique<Thread>([&] {
          EXPECT_EQ(pthread_mutex_lock(&mutex), 0);
          const int before = count;
          usleep(200);
          count = before + 1;
          EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
        }));
      }
    }
    EXPECT_EQ(count, 10);
  }
  EXPECT_EQ(pthread_mutex_lock(&mutexes[1]), 0);
  EXPECT_EQ(pthread_mutex_lock(&mutexes[1]), 0);
  EXPECT_EQ(pthread_mutex_unlock(&mutexes[1]), 0);
  EXPECT_EQ(pthread_mutex_unlock(&mutexes[1]), 0);
  EXPECT_EQ(pthread_mutex_lock(&mutexes[2]), 0);
  EXPECT_EQ(pthread_mutex_lock(&mutexes[2]), EDEADLK);
  EXPECT_EQ(pthread_mutex_unlock(&mutexes[2]), 0);
}

TEST(TimedLock, RefusesABadMoment) {
  Mutex mutex(PTHREAD_MUTEX_NORMAL);
  EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  Thread other([&] {
    const timespec bad{.tv_sec = 5'000'000'000, .tv_nsec = 1'000'000'000};
    EXPECT_EQ(pthread_mutex_timedlock(mutex.get(), &bad), EINVAL);
    const timespec past{.tv_sec = -1, .tv_nsec = 0};
    EXPECT_EQ(pthread_mutex_timedlock(mutex.get(), &past), ETIMEDOUT);
    EXPECT_EQ(pthread_mutex_clocklock(mutex.get(), CLOCK_PROCESS_CPUTIME_ID, &past), EINVAL);
  });
  other.join();
  EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
}

// A robust mutex tells the next owner that the last one died with it.
TEST(RobustMutex, OwnerDied) {
  pthread_mutexattr_t attributes{};
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t mutex{};
  ASSERT_EQ(pthread_mutex_init(&mutex, &attributes), 0);
  Thread owner([&] { EXPECT_EQ(pthread_mutex_lock(&mutex), 0); });
  owner.join();
  EXPECT_EQ(pthread_mutex_lock(&mutex), EOWNERDEAD);
  EXPECT_EQ(pthread_mutex_consistent(&mutex), 0);
  EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
  lock_and_unlock(&mutex);
  EXPECT_EQ(pthread_mutex_destroy(&mutex), 0);
}

}  // namespace
}  // namespace weft::test
