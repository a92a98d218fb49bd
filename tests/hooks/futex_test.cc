// tests/hooks/futex_test.cc: syscall(SYS_futex), as language runtimes call it.
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <ctime>
#include <memory>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

using Word = std::atomic<std::uint32_t>;

long futex(Word* word, int operation, std::uint32_t value, const timespec* timeout = nullptr,
           Word* other = nullptr, std::uint32_t last = 0) {
  return syscall(SYS_futex, word, operation, value, timeout, other, last);
}
long wait(Word* word, std::uint32_t value, const timespec* timeout = nullptr) {
  return futex(word, FUTEX_WAIT_PRIVATE, value, timeout);
}
long wake(Word* word, int count) {
  return futex(word, FUTEX_WAKE_PRIVATE, static_cast<std::uint32_t>(count));
}
// The value of an operation's "how many" that stands where a timeout usually does.
const timespec* how_many(std::intptr_t count) { return reinterpret_cast<const timespec*>(count); }

// Wakes until as many as asked have been: a thread on its way into the kernel is not there yet.
int wake_until(Word* word, int count) {
  int woken = 0;
  while (woken < count) {
    woken += static_cast<int>(wake(word, count - woken));
    usleep(500);
  }
  return woken;
}

TEST(Futex, WaitLetsOthersRunUntilAWake) {
  Word word{1};
  expect_others_run([&] { EXPECT_EQ(wait(&word, 1), 0); },
                    [&] { EXPECT_EQ(wake_until(&word, 1), 1); });
}

TEST(Futex, OtherValueAnswersAtOnce) {
  Word word{1};
  EXPECT_EQ(wait(&word, 2), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Futex, NobodyIsWoken) {
  Word word{0};
  EXPECT_EQ(wake(&word, 1), 0);
  EXPECT_EQ(wake(&word, INT_MAX), 0);
}

TEST(Futex, TimeoutIsRelative) {
  Word word{0};
  const timespec timeout{.tv_sec = 0, .tv_nsec = 30'000'000};
  const Stopwatch watch;
  EXPECT_EQ(wait(&word, 0, &timeout), -1);
  EXPECT_EQ(errno, ETIMEDOUT);
  watch.expect(milliseconds(30));
}

TEST(Futex, BitsetTimeoutIsAbsolute) {
  Word word{0};
  for (const int clock_flag : {0, FUTEX_CLOCK_REALTIME}) {
    const timespec moment =
        after(milliseconds(30), clock_flag == 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME);
    const Stopwatch watch;
    EXPECT_EQ(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | clock_flag, 0, &moment, nullptr,
                    FUTEX_BITSET_MATCH_ANY),
              -1);
    EXPECT_EQ(errno, ETIMEDOUT);
    watch.expect(milliseconds(30));
  }
}

TEST(Futex, BitsetChoosesWhoWakes) {
  Word word{0};
  std::atomic<int> woken{0};
  Thread first([&] {
    EXPECT_EQ(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, nullptr, nullptr, 1), 0);
    woken += 1;
  });
  Thread second([&] {
    EXPECT_EQ(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, nullptr, nullptr, 2), 0);
    woken += 10;
  });
  while (futex(&word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, nullptr, nullptr, 2) != 1) {
    usleep(500);
  }
  second.join();
  EXPECT_EQ(woken, 10);
  wake_until(&word, 1);
  first.join();
  EXPECT_EQ(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, nullptr, nullptr, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(Futex, WakesNoMoreThanAsked) {
  Word word{0};
  std::atomic<int> waiting{0};
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 10; ++i) {
    threads.push_back(std::make_unique<Thread>([&] {
      ++waiting;
      EXPECT_EQ(wait(&word, 0), 0);
      --waiting;
    }));
  }
  while (waiting < 10) {
    usleep(500);
  }
  usleep(5000);
  expect_few_kernel_threads();
  EXPECT_EQ(wake_until(&word, 3), 3);
  while (waiting > 7) {
    usleep(500);
  }
  usleep(2000);
  EXPECT_EQ(waiting, 7);
  EXPECT_EQ(wake_until(&word, 7), 7);
}

TEST(Futex, RequeueMovesTheWaiters) {
  Word from{0};
  Word to{0};
  std::atomic<int> waiting{0};
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 5; ++i) {
    threads.push_back(std::make_unique<Thread>([&] {
      ++waiting;
      EXPECT_EQ(wait(&from, 0), 0);
      --waiting;
    }));
  }
  while (waiting < 5) {
    usleep(500);
  }
  usleep(10'000);
  EXPECT_EQ(futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, how_many(INT_MAX), &to, 9), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, 1, how_many(INT_MAX), &to, 0), 5);
  EXPECT_EQ(wake(&from, INT_MAX), 0) << "nobody is left there";
  EXPECT_EQ(wake(&to, INT_MAX), 4);
}

TEST(Futex, WakeOpWakesOnBoth) {
  Word first{0};
  Word second{0};
  Thread on_first([&] { EXPECT_EQ(wait(&first, 0), 0); });
  Thread on_second([&] { EXPECT_EQ(wait(&second, 0), 0); });
  usleep(10'000);
  // second = 1; wake one on first, and one on second because its old value was 0.
  const auto operation = static_cast<std::uint32_t>(FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0));
  EXPECT_EQ(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, how_many(1), &second, operation), 2);
  EXPECT_EQ(second, 1U);
}

TEST(Futex, SharedOnesWorkToo) {
  Word word{0};
  Thread waiter([&] {
    while (word == 0) {
      const timespec timeout{.tv_sec = 0, .tv_nsec = 5'000'000};
      futex(&word, FUTEX_WAIT, 0, &timeout);
    }
  });
  usleep(2000);
  word = 1;
  futex(&word, FUTEX_WAKE, 1);
}

// A lock as runtimes build it (0 free, 1 held, 2 held and waited for).
TEST(Futex, LockBuiltOnIt) {
  Word lock{0};
  int value = 0;
  const auto acquire = [&] {
    std::uint32_t expected = 0;
    if (!lock.compare_exchange_strong(expected, 1)) {
      while (lock.exchange(2) != 0) {
        wait(&lock, 2);
      }
    }
  };
  const auto release = [&] {
    if (lock.exchange(0) == 2) {
      wake(&lock, 1);
    }
  };
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < 8; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 0; i < 500; ++i) {
          acquire();
          const int before = value;
          sched_yield();
          value = before + 1;
          release();
        }
      }));
    }
  }
  EXPECT_EQ(value, 4000);
}

TEST(Futex, Errors) {
  Word word{0};
  const timespec bad{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  EXPECT_EQ(wait(&word, 0, &bad), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(futex(&word, 99, 0), -1);
  EXPECT_EQ(errno, ENOSYS);
  auto* const crooked = reinterpret_cast<Word*>(reinterpret_cast<std::uintptr_t>(&word) + 1);
  EXPECT_EQ(futex(crooked, FUTEX_WAIT_PRIVATE, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST(Syscall, OtherNumbersPassThrough) {
  EXPECT_EQ(syscall(SYS_getpid), getpid());
  EXPECT_EQ(syscall(SYS_close, 999), -1);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace weft::test
