// tests/hooks/contention_test.cc: eight threads quarrel over every lock, and give way while they
// hold it.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

constexpr int kThreads = 8;
constexpr int kOperations = 20'000;
constexpr int kYieldEvery = 16;
constexpr int kYieldSeldom =
    5000;  // natively, those who spin burn their whole time slice each time

// Each thread adds to one counter under the lock, now and then giving up the CPU between the read
// and the write of it: a lock that lets two in loses an addition.
void expect_excludes(const std::function<void()>& lock, const std::function<void()>& unlock,
                     int yield_every = kYieldEvery) {
  int value = 0;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 0; i < kOperations; ++i) {
          lock();
          const int before = value;
          if (i % yield_every == 0) {
            sched_yield();
          }
          value = before + 1;
          unlock();
        }
      }));
    }
    expect_few_kernel_threads();
  }
  EXPECT_EQ(value, kThreads * kOperations);
}

void expect_mutex_excludes(int kind) {
  pthread_mutexattr_t attributes{};
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, kind);
  pthread_mutex_t mutex{};
  ASSERT_EQ(pthread_mutex_init(&mutex, &attributes), 0);
  expect_excludes([&] { pthread_mutex_lock(&mutex); }, [&] { pthread_mutex_unlock(&mutex); });
  EXPECT_EQ(pthread_mutex_destroy(&mutex), 0);
}

TEST(Contention, NormalMutex) { expect_mutex_excludes(PTHREAD_MUTEX_NORMAL); }
TEST(Contention, RecursiveMutex) { expect_mutex_excludes(PTHREAD_MUTEX_RECURSIVE); }
TEST(Contention, ErrorCheckMutex) { expect_mutex_excludes(PTHREAD_MUTEX_ERRORCHECK); }
TEST(Contention, AdaptiveMutex) { expect_mutex_excludes(PTHREAD_MUTEX_ADAPTIVE_NP); }

TEST(Contention, TimedLockThatTriesAgain) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  expect_excludes(
      [&] {
        timespec moment = after(microseconds(50));
        while (pthread_mutex_timedlock(&mutex, &moment) != 0) {
          moment = after(microseconds(50));
        }
      },
      [&] { pthread_mutex_unlock(&mutex); });
}

TEST(Contention, TryLock) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  expect_excludes(
      [&] {
        while (pthread_mutex_trylock(&mutex) != 0) {
          sched_yield();
        }
      },
      [&] { pthread_mutex_unlock(&mutex); });
}

TEST(Contention, WriteLock) {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  expect_excludes([&] { pthread_rwlock_wrlock(&lock); }, [&] { pthread_rwlock_unlock(&lock); });
}

TEST(Contention, ReadersAmongWriters) {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  std::atomic<int> turn{0};
  int value = 0;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 0; i < kOperations; ++i) {
          const bool writes = ++turn % 4 == 0;
          writes ? pthread_rwlock_wrlock(&lock) : pthread_rwlock_rdlock(&lock);
          const int before = value;
          if (i % kYieldEvery == 0) {
            sched_yield();
          }
          EXPECT_EQ(value, before);
          value = writes ? before + 1 : value;
          pthread_rwlock_unlock(&lock);
        }
      }));
    }
  }
  EXPECT_EQ(value, kThreads * kOperations / 4);
}

TEST(Contention, Semaphore) {
  sem_t semaphore{};
  ASSERT_EQ(sem_init(&semaphore, 0, 1), 0);
  expect_excludes([&] { sem_wait(&semaphore); }, [&] { sem_post(&semaphore); });
  EXPECT_EQ(sem_destroy(&semaphore), 0);
}

TEST(Contention, SpinLock) {
  pthread_spinlock_t lock{};
  ASSERT_EQ(pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE), 0);
  expect_excludes([&] { pthread_spin_lock(&lock); }, [&] { pthread_spin_unlock(&lock); },
                  kYieldSeldom);
}

TEST(Contention, ConditionAsALock) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  bool held = false;
  expect_excludes(
      [&] {
        pthread_mutex_lock(&mutex);
        while (held) {
          pthread_cond_wait(&condition, &mutex);
        }
        held = true;
        pthread_mutex_unlock(&mutex);
      },
      [&] {
        pthread_mutex_lock(&mutex);
        held = false;
        pthread_cond_signal(&condition);
        pthread_mutex_unlock(&mutex);
      });
}

TEST(Contention, Barrier) {
  pthread_barrier_t barrier{};
  ASSERT_EQ(pthread_barrier_init(&barrier, nullptr, kThreads), 0);
  std::atomic<int> arrived{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int round = 1; round <= kOperations / 20; ++round) {
          ++arrived;
          pthread_barrier_wait(&barrier);
          EXPECT_GE(arrived, round * kThreads);
        }
      }));
    }
  }
  EXPECT_EQ(pthread_barrier_destroy(&barrier), 0);
}

TEST(Contention, StdMutexes) {
  std::mutex mutex;
  expect_excludes([&] { mutex.lock(); }, [&] { mutex.unlock(); });
  std::shared_mutex shared;
  expect_excludes([&] { shared.lock(); }, [&] { shared.unlock(); });
}

TEST(Contention, StdSemaphore) {
  std::binary_semaphore semaphore(1);
  expect_excludes([&] { semaphore.acquire(); }, [&] { semaphore.release(); });
}

}  // namespace
}  // namespace weft::test
