// tests/hooks/rwlock_test.cc: read-write locks.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

struct RwLock {
  explicit RwLock(int kind = PTHREAD_RWLOCK_DEFAULT_NP) {
    pthread_rwlockattr_t attributes{};
    pthread_rwlockattr_init(&attributes);
    EXPECT_EQ(pthread_rwlockattr_setkind_np(&attributes, kind), 0);
    EXPECT_EQ(pthread_rwlock_init(&value, &attributes), 0);
  }
  ~RwLock() { EXPECT_EQ(pthread_rwlock_destroy(&value), 0); }
  RwLock(const RwLock&) = delete;
  RwLock& operator=(const RwLock&) = delete;

  int read() { return pthread_rwlock_rdlock(&value); }
  int write() { return pthread_rwlock_wrlock(&value); }
  int unlock() { return pthread_rwlock_unlock(&value); }
  pthread_rwlock_t value{};
};

TEST(RwLock, WriterWaitsForTheReader) {
  RwLock lock;
  EXPECT_EQ(lock.read(), 0);
  expect_others_run(
      [&] {
        EXPECT_EQ(lock.write(), 0);
        EXPECT_EQ(lock.unlock(), 0);
      },
      [&] { EXPECT_EQ(lock.unlock(), 0); });
}

TEST(RwLock, ReaderWaitsForTheWriter) {
  RwLock lock;
  std::atomic<int> step{0};
  Thread writer([&] {
    EXPECT_EQ(lock.write(), 0);
    step = 1;
    while (step != 2) {
      usleep(500);
    }
    EXPECT_EQ(lock.unlock(), 0);
  });
  while (step != 1) {
    usleep(500);
  }
  expect_others_run(
      [&] {
        EXPECT_EQ(lock.read(), 0);
        EXPECT_EQ(lock.unlock(), 0);
      },
      [&] { step = 2; });
}

TEST(RwLock, ReadersShare) {
  RwLock lock;
  std::atomic<int> inside{0};
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 20; ++i) {
    threads.push_back(std::make_unique<Thread>([&] {
      EXPECT_EQ(lock.read(), 0);
      ++inside;
      while (inside < 20) {
        usleep(500);
      }
      EXPECT_EQ(lock.unlock(), 0);
    }));
  }
  threads.clear();
}

TEST(RwLock, TryAnswersAtOnce) {
  RwLock lock;
  EXPECT_EQ(pthread_rwlock_tryrdlock(&lock.value), 0);
  Thread other([&] {
    EXPECT_EQ(pthread_rwlock_tryrdlock(&lock.value), 0);
    EXPECT_EQ(lock.unlock(), 0);
    EXPECT_EQ(pthread_rwlock_trywrlock(&lock.value), EBUSY);
  });
  other.join();
  EXPECT_EQ(lock.unlock(), 0);
  EXPECT_EQ(pthread_rwlock_trywrlock(&lock.value), 0);
  Thread next([&] {
    EXPECT_EQ(pthread_rwlock_tryrdlock(&lock.value), EBUSY);
    EXPECT_EQ(pthread_rwlock_trywrlock(&lock.value), EBUSY);
  });
  next.join();
  EXPECT_EQ(lock.unlock(), 0);
}

TEST(RwLock, WriterThatLocksAgainIsADeadlock) {
  RwLock lock;
  EXPECT_EQ(lock.write(), 0);
  EXPECT_EQ(lock.write(), EDEADLK);
  EXPECT_EQ(lock.read(), EDEADLK);
  EXPECT_EQ(lock.unlock(), 0);
}

TEST(RwLock, ReaderMayReadAgain) {
  RwLock lock;
  EXPECT_EQ(lock.read(), 0);
  EXPECT_EQ(lock.read(), 0);
  EXPECT_EQ(lock.unlock(), 0);
  EXPECT_EQ(lock.unlock(), 0);
  EXPECT_EQ(pthread_rwlock_trywrlock(&lock.value), 0);
  EXPECT_EQ(lock.unlock(), 0);
}

TEST(RwLockTimed, AllOfThemTimeOut) {
  RwLock lock;
  EXPECT_EQ(lock.write(), 0);
  expect_others_run(
      [&] {
        const auto expect_timeout = [](int error, const Stopwatch& watch) {
          EXPECT_EQ(error, ETIMEDOUT);
          watch.expect(milliseconds(30));
        };
        {
          const Stopwatch watch;
          const timespec moment = after(milliseconds(30));
          expect_timeout(pthread_rwlock_timedrdlock(&lock.value, &moment), watch);
        }
        {
          const Stopwatch watch;
          const timespec moment = after(milliseconds(30));
          expect_timeout(pthread_rwlock_timedwrlock(&lock.value, &moment), watch);
        }
        for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
          const Stopwatch reading;
          timespec moment = after(milliseconds(30), clock);
          expect_timeout(pthread_rwlock_clockrdlock(&lock.value, clock, &moment), reading);
          const Stopwatch writing;
          moment = after(milliseconds(30), clock);
          expect_timeout(pthread_rwlock_clockwrlock(&lock.value, clock, &moment), writing);
        }
      },
      [] {});
  EXPECT_EQ(lock.unlock(), 0);
}

TEST(RwLockTimed, WriterThatGaveUpLetsReadersIn) {
  RwLock lock(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  EXPECT_EQ(lock.read(), 0);
  std::atomic<bool> got{false};
  Thread writer([&] {
    const timespec moment = after(milliseconds(30));
    EXPECT_EQ(pthread_rwlock_timedwrlock(&lock.value, &moment), ETIMEDOUT);
  });
  usleep(5000);
  Thread reader([&] {
    EXPECT_EQ(lock.read(), 0);
    got = true;
    EXPECT_EQ(lock.unlock(), 0);
  });
  writer.join();
  reader.join();
  EXPECT_TRUE(got);
  EXPECT_EQ(lock.unlock(), 0);
}

TEST(RwLockTimed, GetsItInTime) {
  RwLock lock;
  EXPECT_EQ(lock.read(), 0);
  Thread writer([&] {
    const timespec moment = after(seconds(10), CLOCK_MONOTONIC);
    EXPECT_EQ(pthread_rwlock_clockwrlock(&lock.value, CLOCK_MONOTONIC, &moment), 0);
    EXPECT_EQ(lock.unlock(), 0);
  });
  usleep(3000);
  EXPECT_EQ(lock.unlock(), 0);
}

// Whether a reader that comes while a writer waits gets in depends on the kind.
bool reader_overtakes_waiting_writer(int kind) {
  RwLock lock(kind);
  EXPECT_EQ(lock.read(), 0);
  Thread writer([&] {
    EXPECT_EQ(lock.write(), 0);
    EXPECT_EQ(lock.unlock(), 0);
  });
  usleep(5000);
  bool overtakes = false;
  Thread reader([&] {
    overtakes = pthread_rwlock_tryrdlock(&lock.value) == 0;
    if (overtakes) {
      EXPECT_EQ(lock.unlock(), 0);
    }
  });
  reader.join();
  EXPECT_EQ(lock.unlock(), 0);
  return overtakes;
}

TEST(RwLockKind, DecidesWhoGoesFirst) {
  EXPECT_TRUE(reader_overtakes_waiting_writer(PTHREAD_RWLOCK_PREFER_READER_NP));
  EXPECT_TRUE(reader_overtakes_waiting_writer(PTHREAD_RWLOCK_DEFAULT_NP));
  EXPECT_FALSE(reader_overtakes_waiting_writer(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP));
}

TEST(RwLock, StaticInitialiserAndNoMixing) {
  static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  int value = 0;
  std::atomic<int> readers{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < 4; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 0; i < 200; ++i) {
          pthread_rwlock_wrlock(&lock);
          EXPECT_EQ(readers, 0);
          const int before = value;
          sched_yield();
          value = before + 1;
          pthread_rwlock_unlock(&lock);
        }
      }));
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 0; i < 200; ++i) {
          pthread_rwlock_rdlock(&lock);
          ++readers;
          const int before = value;
          sched_yield();
          EXPECT_EQ(value, before);
          --readers;
          pthread_rwlock_unlock(&lock);
        }
      }));
    }
  }
  EXPECT_EQ(value, 800);
}

}  // namespace
}  // namespace weft::test
