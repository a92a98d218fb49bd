// tests/hooks/cond_test.cc: condition variables.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

// A mutex, a condition and the fact that is waited for.
struct Gate {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  int tickets = 0;
  int waiting = 0;

  void enter() {
    pthread_mutex_lock(&mutex);
    ++waiting;
    while (tickets == 0) {
      EXPECT_EQ(pthread_cond_wait(&condition, &mutex), 0);
    }
    --tickets;
    --waiting;
    pthread_mutex_unlock(&mutex);
  }
  void let_in(int count, int (*wake)(pthread_cond_t*)) {
    pthread_mutex_lock(&mutex);
    tickets += count;
    EXPECT_EQ(wake(&condition), 0);
    pthread_mutex_unlock(&mutex);
  }
  int count_waiting() {
    pthread_mutex_lock(&mutex);
    const int count = waiting;
    pthread_mutex_unlock(&mutex);
    return count;
  }
  void await_waiting(int count) {
    while (count_waiting() != count) {
      usleep(500);
    }
  }
};

TEST(Cond, LetsOthersRunUntilASignal) {
  Gate gate;
  expect_others_run([&] { gate.enter(); }, [&] { gate.let_in(1, pthread_cond_signal); });
}

TEST(Cond, SignalWithoutTheMutex) {
  Gate gate;
  expect_others_run([&] { gate.enter(); },
                    [&] {
                      pthread_mutex_lock(&gate.mutex);
                      gate.tickets = 1;
                      pthread_mutex_unlock(&gate.mutex);
                      EXPECT_EQ(pthread_cond_signal(&gate.condition), 0);
                    });
}

TEST(Cond, SignalsWakeOneEach) {
  Gate gate;
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 20; ++i) {
    threads.push_back(std::make_unique<Thread>([&] { gate.enter(); }));
  }
  gate.await_waiting(20);
  expect_few_kernel_threads();
  for (int left = 19; left >= 0; --left) {
    gate.let_in(1, pthread_cond_signal);
    gate.await_waiting(left);
  }
}

TEST(Cond, BroadcastWakesAll) {
  Gate gate;
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 50; ++i) {
    threads.push_back(std::make_unique<Thread>([&] { gate.enter(); }));
  }
  gate.await_waiting(50);
  gate.let_in(50, pthread_cond_broadcast);
  gate.await_waiting(0);
}

TEST(Cond, NobodyWaitsNothingIsKept) {
  Gate gate;
  EXPECT_EQ(pthread_cond_signal(&gate.condition), 0);
  EXPECT_EQ(pthread_cond_broadcast(&gate.condition), 0);
  expect_others_run([&] { gate.enter(); }, [&] { gate.let_in(1, pthread_cond_broadcast); });
}

// POSIX allows a wait to end early without reason, with result 0: then it is repeated.
template <class Wait>
void expect_timeout(Gate* gate, const Wait& wait) {
  pthread_mutex_lock(&gate->mutex);
  const Stopwatch watch;
  int error = 0;
  while (error == 0) {
    error = wait();
  }
  EXPECT_EQ(error, ETIMEDOUT);
  watch.expect(milliseconds(40));
  EXPECT_EQ(pthread_mutex_trylock(&gate->mutex), EBUSY) << "the mutex must be held again";
  pthread_mutex_unlock(&gate->mutex);
}

TEST(CondTimed, RealTimeByDefault) {
  Gate gate;
  const timespec moment = after(milliseconds(40));
  expect_timeout(&gate,
                 [&] { return pthread_cond_timedwait(&gate.condition, &gate.mutex, &moment); });
}

TEST(CondTimed, MonotonicByAttribute) {
  Gate gate;
  pthread_condattr_t attributes{};
  pthread_condattr_init(&attributes);
  ASSERT_EQ(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), 0);
  ASSERT_EQ(pthread_cond_init(&gate.condition, &attributes), 0);
  const timespec moment = after(milliseconds(40), CLOCK_MONOTONIC);
  expect_timeout(&gate,
                 [&] { return pthread_cond_timedwait(&gate.condition, &gate.mutex, &moment); });
  EXPECT_EQ(pthread_cond_destroy(&gate.condition), 0);
}

TEST(CondTimed, ClockGivenWithTheCall) {
  Gate gate;
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
    const timespec moment = after(milliseconds(40), clock);
    expect_timeout(&gate, [&] {
      return pthread_cond_clockwait(&gate.condition, &gate.mutex, clock, &moment);
    });
  }
}

TEST(CondTimed, LetsOthersRunAndHearsTheSignal) {
  Gate gate;
  expect_others_run(
      [&] {
        pthread_mutex_lock(&gate.mutex);
        const timespec moment = after(seconds(10));
        while (gate.tickets == 0) {
          EXPECT_EQ(pthread_cond_timedwait(&gate.condition, &gate.mutex, &moment), 0);
        }
        pthread_mutex_unlock(&gate.mutex);
      },
      [&] { gate.let_in(1, pthread_cond_signal); });
}

TEST(CondTimed, PastMomentAndBadMoment) {
  Gate gate;
  pthread_mutex_lock(&gate.mutex);
  const timespec past{.tv_sec = 1, .tv_nsec = 0};
  EXPECT_EQ(pthread_cond_timedwait(&gate.condition, &gate.mutex, &past), ETIMEDOUT);
  const timespec bad{.tv_sec = 1, .tv_nsec = 1'000'000'000};
  EXPECT_EQ(pthread_cond_timedwait(&gate.condition, &gate.mutex, &bad), EINVAL);
  EXPECT_EQ(pthread_cond_clockwait(&gate.condition, &gate.mutex, CLOCK_PROCESS_CPUTIME_ID, &past),
            EINVAL);
  pthread_mutex_unlock(&gate.mutex);
}

TEST(CondTimed, TimeoutLeavesTheOthersWaiting) {
  Gate gate;
  Thread patient([&] { gate.enter(); });
  gate.await_waiting(1);
  const timespec moment = after(milliseconds(40));
  expect_timeout(&gate,
                 [&] { return pthread_cond_timedwait(&gate.condition, &gate.mutex, &moment); });
  EXPECT_EQ(gate.count_waiting(), 1);
  gate.let_in(1, pthread_cond_signal);
}

// With the mutex of another kind: the wait must give it up, and own it again afterwards.
TEST(Cond, RecursiveMutexLockedOnce) {
  pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  bool ready = false;
  expect_others_run(
      [&] {
        pthread_mutex_lock(&mutex);
        while (!ready) {
          pthread_cond_wait(&condition, &mutex);
        }
        pthread_mutex_unlock(&mutex);
      },
      [&] {
        EXPECT_EQ(pthread_mutex_lock(&mutex), 0);
        ready = true;
        pthread_cond_signal(&condition);
        EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
      });
}

TEST(Cond, ErrorCheckMutexMustBeHeld) {
  pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  EXPECT_EQ(pthread_cond_wait(&condition, &mutex), EPERM);
}

TEST(Cond, ProducersAndConsumers) {
  constexpr int kItems = 5000;
  constexpr std::size_t kRoom = 8;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
  pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
  std::deque<int> queue;
  long sum = 0;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < 4; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 1; i <= kItems; ++i) {
          pthread_mutex_lock(&mutex);
          while (queue.size() == kRoom) {
            pthread_cond_wait(&not_full, &mutex);
          }
          queue.push_back(i);
          pthread_cond_signal(&not_empty);
          pthread_mutex_unlock(&mutex);
        }
      }));
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 1; i <= kItems; ++i) {
          pthread_mutex_lock(&mutex);
          while (queue.empty()) {
            pthread_cond_wait(&not_empty, &mutex);
          }
          sum += queue.front();
          queue.pop_front();
          pthread_cond_signal(&not_full);
          pthread_mutex_unlock(&mutex);
        }
      }));
    }
  }
  EXPECT_EQ(sum, 4L * kItems * (kItems + 1) / 2);
}

}  // namespace
}  // namespace weft::test
