// tests/hooks/semaphore_test.cc: unnamed and named semaphores.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <semaphore.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

struct Semaphore {
  explicit Semaphore(unsigned value, int shared = 0) {
    EXPECT_EQ(sem_init(&sem, shared, value), 0);
  }
  ~Semaphore() { EXPECT_EQ(sem_destroy(&sem), 0); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  int value() {
    int result = -1;
    EXPECT_EQ(sem_getvalue(&sem, &result), 0);
    return result;
  }
  sem_t sem{};
};

TEST(Semaphore, WaitLetsOthersRunUntilAPost) {
  Semaphore semaphore(0);
  expect_others_run([&] { EXPECT_EQ(sem_wait(&semaphore.sem), 0); },
                    [&] { EXPECT_EQ(sem_post(&semaphore.sem), 0); });
  EXPECT_EQ(semaphore.value(), 0);
}

TEST(Semaphore, CountsUpAndDown) {
  Semaphore semaphore(2);
  EXPECT_EQ(sem_wait(&semaphore.sem), 0);
  EXPECT_EQ(sem_trywait(&semaphore.sem), 0);
  EXPECT_EQ(sem_trywait(&semaphore.sem), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(sem_post(&semaphore.sem), 0);
  EXPECT_EQ(semaphore.value(), 1);
}

TEST(Semaphore, OverflowIsAnError) {
  Semaphore semaphore(SEM_VALUE_MAX);
  EXPECT_EQ(sem_post(&semaphore.sem), -1);
  EXPECT_EQ(errno, EOVERFLOW);
  sem_t other{};
  EXPECT_EQ(sem_init(&other, 0, 1U + SEM_VALUE_MAX), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(Semaphore, TimedWaitsTimeOut) {
  Semaphore semaphore(0);
  const Stopwatch watch;
  const timespec moment = after(milliseconds(30));
  EXPECT_EQ(sem_timedwait(&semaphore.sem, &moment), -1);
  EXPECT_EQ(errno, ETIMEDOUT);
  watch.expect(milliseconds(30));
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
    const Stopwatch again;
    const timespec end = after(milliseconds(30), clock);
    EXPECT_EQ(sem_clockwait(&semaphore.sem, clock, &end), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
    again.expect(milliseconds(30));
  }
}

TEST(Semaphore, TimedWaitLetsOthersRun) {
  Semaphore semaphore(0);
  expect_others_run(
      [&] {
        const timespec moment = after(seconds(10));
        EXPECT_EQ(sem_timedwait(&semaphore.sem, &moment), 0);
      },
      [&] { sem_post(&semaphore.sem); });
}

TEST(Semaphore, BadMomentsAndClocks) {
  Semaphore semaphore(0);
  const timespec bad{.tv_sec = 1, .tv_nsec = 1'000'000'000};
  EXPECT_EQ(sem_timedwait(&semaphore.sem, &bad), -1);
  EXPECT_EQ(errno, EINVAL);
  const timespec past{.tv_sec = 1, .tv_nsec = 0};
  EXPECT_EQ(sem_timedwait(&semaphore.sem, &past), -1);
  EXPECT_EQ(errno, ETIMEDOUT);
  EXPECT_EQ(sem_clockwait(&semaphore.sem, CLOCK_PROCESS_CPUTIME_ID, &past), -1);
  EXPECT_EQ(errno, EINVAL);
  sem_post(&semaphore.sem);
  EXPECT_EQ(sem_timedwait(&semaphore.sem, &past), 0) << "free: the time does not matter";
}

TEST(Semaphore, EachPostWakesOne) {
  Semaphore semaphore(0);
  std::atomic<int> woken{0};
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 30; ++i) {
    threads.push_back(std::make_unique<Thread>([&] {
      EXPECT_EQ(sem_wait(&semaphore.sem), 0);
      ++woken;
    }));
  }
  usleep(5000);
  expect_few_kernel_threads();
  for (int i = 1; i <= 30; ++i) {
    EXPECT_EQ(sem_post(&semaphore.sem), 0);
    while (woken < i) {
      usleep(200);
    }
    EXPECT_EQ(woken, i);
  }
}

// The poster may destroy it as soon as the waiter has come back.
TEST(Semaphore, MayBeDestroyedAfterTheWait) {
  for (int i = 0; i < 100; ++i) {
    auto semaphore = std::make_unique<Semaphore>(0);
    Thread poster([&sem = semaphore->sem] { sem_post(&sem); });
    EXPECT_EQ(sem_wait(&semaphore->sem), 0);
    poster.join();
    semaphore.reset();
  }
}

// In memory that processes may share the kernel's futex must be used; results are the same.
TEST(Semaphore, ProcessShared) {
  Semaphore semaphore(0, 1);
  Thread poster([&] {
    usleep(2000);
    sem_post(&semaphore.sem);
  });
  while (sem_trywait(&semaphore.sem) != 0) {
    usleep(500);
  }
  const Stopwatch watch;
  const timespec moment = after(milliseconds(20));
  EXPECT_EQ(sem_timedwait(&semaphore.sem, &moment), -1);
  EXPECT_EQ(errno, ETIMEDOUT);
  watch.expect(milliseconds(20));
}

TEST(NamedSemaphore, OpensPostsAndWaits) {
  const std::string name = "/weft-test-" + std::to_string(getpid());
  sem_t* const semaphore = sem_open(name.c_str(), O_CREAT | O_EXCL, 0600, 1);
  ASSERT_NE(semaphore, SEM_FAILED);
  EXPECT_EQ(sem_unlink(name.c_str()), 0);
  EXPECT_EQ(sem_wait(semaphore), 0);
  EXPECT_EQ(sem_trywait(semaphore), -1);
  EXPECT_EQ(sem_post(semaphore), 0);
  EXPECT_EQ(sem_wait(semaphore), 0);
  EXPECT_EQ(sem_close(semaphore), 0);
}

}  // namespace
}  // namespace weft::test
