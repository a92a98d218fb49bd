// tests/hooks/barrier_spin_test.cc: barriers and spin locks.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "tests/support/thread.h"

namespace weft::test {
namespace {

TEST(Barrier, LetsOthersRunUntilTheLastOneComes) {
  pthread_barrier_t barrier{};
  ASSERT_EQ(pthread_barrier_init(&barrier, nullptr, 2), 0);
  int first = -1;
  int second = -1;
  expect_others_run([&] { first = pthread_barrier_wait(&barrier); },
                    [&] { second = pthread_barrier_wait(&barrier); });
  EXPECT_EQ(first + second, PTHREAD_BARRIER_SERIAL_THREAD) << "one of them is it, the other gets 0";
  EXPECT_EQ(pthread_barrier_destroy(&barrier), 0);
}

TEST(Barrier, OneSerialThreadEachRound) {
  constexpr int kThreads = 10;
  constexpr int kRounds = 100;
  pthread_barrier_t barrier{};
  ASSERT_EQ(pthread_barrier_init(&barrier, nullptr, kThreads), 0);
  std::atomic<int> serial{0};
  std::atomic<int> arrived{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int round = 1; round <= kRounds; ++round) {
          ++arrived;
          const int result = pthread_barrier_wait(&barrier);
          EXPECT_TRUE(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
          serial += result == PTHREAD_BARRIER_SERIAL_THREAD ? 1 : 0;
          EXPECT_GE(arrived, round * kThreads) << "passed before all had arrived";
        }
      }));
    }
    usleep(1000);
    expect_few_kernel_threads();
  }
  EXPECT_EQ(serial, kRounds);
  EXPECT_EQ(pthread_barrier_destroy(&barrier), 0);
}

TEST(Barrier, OfOneNeverWaits) {
  pthread_barrier_t barrier{};
  ASSERT_EQ(pthread_barrier_init(&barrier, nullptr, 1), 0);
  EXPECT_EQ(pthread_barrier_wait(&barrier), PTHREAD_BARRIER_SERIAL_THREAD);
  EXPECT_EQ(pthread_barrier_wait(&barrier), PTHREAD_BARRIER_SERIAL_THREAD);
  EXPECT_EQ(pthread_barrier_destroy(&barrier), 0);
}

TEST(Barrier, OfNobodyIsRefused) {
  pthread_barrier_t barrier{};
  EXPECT_EQ(pthread_barrier_init(&barrier, nullptr, 0), EINVAL);
}

// The serial thread may destroy the barrier while the others are still on their way out.
TEST(Barrier, DestroyWaitsForThoseWhoLeave) {
  for (int i = 0; i < 50; ++i) {
    auto barrier = std::make_unique<pthread_barrier_t>();
    ASSERT_EQ(pthread_barrier_init(barrier.get(), nullptr, 4), 0);
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < 3; ++t) {
      threads.push_back(std::make_unique<Thread>([&] { pthread_barrier_wait(barrier.get()); }));
    }
    pthread_barrier_wait(barrier.get());
    EXPECT_EQ(pthread_barrier_destroy(barrier.get()), 0);
    threads.clear();  // they still name the barrier, but must not touch what is in it
  }
}

TEST(Spin, ExcludesAndTries) {
  pthread_spinlock_t lock{};
  ASSERT_EQ(pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE), 0);
  EXPECT_EQ(pthread_spin_lock(&lock), 0);
  Thread other([&] { EXPECT_EQ(pthread_spin_trylock(&lock), EBUSY); });
  other.join();
  EXPECT_EQ(pthread_spin_unlock(&lock), 0);
  EXPECT_EQ(pthread_spin_trylock(&lock), 0);
  EXPECT_EQ(pthread_spin_unlock(&lock), 0);
  EXPECT_EQ(pthread_spin_destroy(&lock), 0);
}

// A holder that gave up the CPU must get it back from those who spin.
TEST(Spin, HolderThatSleepsIsNotStarved) {
  pthread_spinlock_t lock{};
  ASSERT_EQ(pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE), 0);
  int value = 0;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < 4; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 0; i < 20; ++i) {
          pthread_spin_lock(&lock);
          const int before = value;
          usleep(100);
          value = before + 1;
          pthread_spin_unlock(&lock);
        }
      }));
    }
  }
  EXPECT_EQ(value, 80);
}

}  // namespace
}  // namespace weft::test
