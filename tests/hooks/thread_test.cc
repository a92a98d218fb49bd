// tests/hooks/thread_test.cc: create, join, detach, and who one is.
#include "tests/support/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/pairs.h"

namespace weft::test {
namespace {

void* give_back(void* value) { return value; }

void* wait_for_flag(void* flag) {
  while (!*static_cast<std::atomic<bool>*>(flag)) {
    usleep(1000);
  }
  return flag;
}

pthread_t start(void* (*body)(void*), void* argument) {
  pthread_t id{};
  EXPECT_EQ(pthread_create(&id, nullptr, body, argument), 0);
  return id;
}

// libc waits until each of its threads has handled a signal, kernel threads of a runtime's own
// included.
TEST(Identity, SetuidReturnsWhileThreadsExist) {
  std::atomic<bool> flag{false};
  const pthread_t thread = start(wait_for_flag, &flag);
  EXPECT_EQ(setuid(getuid()), 0);
  flag = true;
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
}

TEST(Join, BringsTheReturnValue) {
  int value = 0;
  void* result = nullptr;
  EXPECT_EQ(pthread_join(start(give_back, &value), &result), 0);
  EXPECT_EQ(result, &value);
  EXPECT_EQ(pthread_join(start(give_back, nullptr), nullptr), 0);
}

TEST(Join, LetsOthersRun) {
  std::atomic<bool> flag{false};
  const pthread_t id = start(wait_for_flag, &flag);
  void* result = nullptr;
  expect_others_run([&] { EXPECT_EQ(pthread_join(id, &result), 0); }, [&] { flag = true; });
  EXPECT_EQ(result, &flag);
}

TEST(Join, OfAThreadThatEndedBefore) {
  std::atomic<bool> ended{false};
  const pthread_t id = start(
      [](void* flag) -> void* {
        *static_cast<std::atomic<bool>*>(flag) = true;
        return nullptr;
      },
      &ended);
  while (!ended) {
    usleep(1000);
  }
  usleep(1000);
  EXPECT_EQ(pthread_join(id, nullptr), 0);
}

TEST(Join, OfOneselfIsADeadlock) { EXPECT_EQ(pthread_join(pthread_self(), nullptr), EDEADLK); }

TEST(Join, OfOneselfInAThreadIsADeadlock) {
  Thread thread([] { EXPECT_EQ(pthread_join(pthread_self(), nullptr), EDEADLK); });
}

TEST(Join, OfADetachedThreadIsInvalid) {
  std::atomic<bool> flag{false};
  const pthread_t id = start(wait_for_flag, &flag);
  EXPECT_EQ(pthread_detach(id), 0);
  EXPECT_EQ(pthread_join(id, nullptr), EINVAL);
  EXPECT_EQ(pthread_detach(id), EINVAL);
  flag = true;
}

TEST(TryJoin, IsBusyUntilTheEnd) {
  std::atomic<bool> flag{false};
  const pthread_t id = start(wait_for_flag, &flag);
  void* result = nullptr;
  EXPECT_EQ(pthread_tryjoin_np(id, &result), EBUSY);
  flag = true;
  int error = EBUSY;
  while (error == EBUSY) {
    usleep(1000);
    error = pthread_tryjoin_np(id, &result);
  }
  EXPECT_EQ(error, 0);
  EXPECT_EQ(result, &flag);
}

TEST(TimedJoin, TimesOutAndCanBeRepeated) {
  std::atomic<bool> flag{false};
  const pthread_t id = start(wait_for_flag, &flag);
  void* result = nullptr;
  const Stopwatch first;
  const timespec soon = after(milliseconds(30));
  EXPECT_EQ(pthread_timedjoin_np(id, &result, &soon), ETIMEDOUT);
  first.expect(milliseconds(30));
  const Stopwatch second;
  const timespec later = after(milliseconds(30), CLOCK_MONOTONIC);
  EXPECT_EQ(pthread_clockjoin_np(id, &result, CLOCK_MONOTONIC, &later), ETIMEDOUT);
  second.expect(milliseconds(30));
  flag = true;
  const timespec long_time = after(seconds(10));
  EXPECT_EQ(pthread_timedjoin_np(id, &result, &long_time), 0);
  EXPECT_EQ(result, &flag);
}

TEST(ClockJoin, RefusesAnUnknownClock) {
  std::atomic<bool> flag{false};
  const pthread_t id = start(wait_for_flag, &flag);
  const timespec moment = after(seconds(1));
  EXPECT_EQ(pthread_clockjoin_np(id, nullptr, CLOCK_PROCESS_CPUTIME_ID, &moment), EINVAL);
  flag = true;
  EXPECT_EQ(pthread_join(id, nullptr), 0);
}

TEST(Detach, ThreadRunsToItsEnd) {
  std::atomic<int> ended{0};
  for (int i = 0; i < 20; ++i) {
    const pthread_t id = start(
        [](void* count) -> void* {
          usleep(1000);
          ++*static_cast<std::atomic<int>*>(count);
          return nullptr;
        },
        &ended);
    EXPECT_EQ(pthread_detach(id), 0);
  }
  while (ended < 20) {
    usleep(1000);
  }
}

TEST(Self, IsOwnAndStable) {
  pthread_t inside{};
  pthread_t later{};
  Thread thread([&] {
    inside = pthread_self();
    usleep(2000);
    later = pthread_self();
  });
  thread.join();
  EXPECT_TRUE(pthread_equal(inside, thread.id()));
  EXPECT_TRUE(pthread_equal(later, thread.id()));
  EXPECT_FALSE(pthread_equal(inside, pthread_self()));
}

// The new thread may run before pthread_create returns: what it is told must already be true.
TEST(Create, ArgumentReachesEveryThread) {
  constexpr std::size_t kThreads = 200;
  std::vector<pthread_t> ids(kThreads);
  std::vector<int> values(kThreads, 0);
  for (std::size_t i = 0; i < kThreads; ++i) {
    ids[i] = start(
        [](void* value) -> void* {
          ++*static_cast<int*>(value);
          return value;
        },
        &values[i]);
  }
  for (std::size_t i = 0; i < kThreads; ++i) {
    void* result = nullptr;
    EXPECT_EQ(pthread_join(ids[i], &result), 0);
    EXPECT_EQ(result, &values[i]);
  }
  EXPECT_EQ(values, std::vector<int>(kThreads, 1));
}

TEST(Create, ThousandThreadsAtOnce) {
  constexpr int kThreads = 1000;
  const Pair pair = make_pipe();
  std::atomic<int> waiting{0};
  std::atomic<int> ended{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.push_back(std::make_unique<Thread>([&] {
        ++waiting;
        EXPECT_EQ(read_some(pair.near, 1), "x");
        ++ended;
      }));
    }
    while (waiting < kThreads) {
      usleep(1000);
    }
    EXPECT_EQ(ended, 0);
    expect_few_kernel_threads();
    pair.feed(std::string(kThreads, 'x'));
  }
  EXPECT_EQ(ended, kThreads);
}

TEST(Create, ThreadsOfThreads) {
  std::atomic<int> count{0};
  Thread outer([&] {
    std::vector<std::unique_ptr<Thread>> inner;
    for (int i = 0; i < 10; ++i) {
      inner.push_back(std::make_unique<Thread>([&] { Thread innermost([&] { ++count; }); }));
    }
  });
  outer.join();
  EXPECT_EQ(count, 10);
}

// Fifty threads, blocked in five different calls, and this thread still runs.
TEST(Blocked, FiftyThreadsTakeNoKernelThreads) {
  const Pair pair = make_tcp_pair();
  const Listener listener;
  std::atomic<bool> flag{false};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 10; ++i) {
    threads.push_back(std::make_unique<Thread>([&] { EXPECT_EQ(read_some(pair.near, 1), "x"); }));
    threads.push_back(std::make_unique<Thread>([&] { wait_for_flag(&flag); }));
    threads.push_back(std::make_unique<Thread>([&] {
      pthread_mutex_lock(&mutex);
      pthread_mutex_unlock(&mutex);
    }));
    threads.push_back(std::make_unique<Thread>([&] { EXPECT_EQ(usleep(50'000), 0); }));
    threads.push_back(std::make_unique<Thread>(
        [&] { EXPECT_GE(Fd(accept(listener.fd(), nullptr, nullptr)), 0); }));
  }
  usleep(10'000);
  expect_few_kernel_threads();
  if (!expecting_fibers()) {
    EXPECT_GT(kernel_threads(), 40) << "natively every thread is one of the kernel";
  }
  std::vector<Fd> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(listener.connect());
  }
  pthread_mutex_unlock(&mutex);
  flag = true;
  pair.feed("xxxxxxxxxx");
}

}  // namespace
}  // namespace weft::test
