// tests/hooks/std_sync_test.cc: the C++ library's threads, locks and futures.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/support/clock.h"
#include "tests/support/thread.h"

namespace weft::test {
namespace {

TEST(StdMutex, LetsOthersRun) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  expect_others_run([&] { const std::scoped_lock inner(mutex); }, [&] { lock.unlock(); });
}

TEST(StdTimedMutex, TimesOut) {
  std::timed_mutex mutex;
  const std::scoped_lock lock(mutex);
  Thread other([&] {
    const Stopwatch watch;
    EXPECT_FALSE(mutex.try_lock_for(milliseconds(30)));
    watch.expect(milliseconds(30));
    EXPECT_FALSE(mutex.try_lock_until(std::chrono::system_clock::now() + milliseconds(5)));
  });
}

TEST(StdRecursiveMutex, CountsItsLocks) {
  std::recursive_mutex mutex;
  mutex.lock();
  mutex.lock();
  Thread other([&] { EXPECT_FALSE(mutex.try_lock()); });
  other.join();
  mutex.unlock();
  mutex.unlock();
}

TEST(StdSharedMutex, ReadersAndWriters) {
  std::shared_mutex mutex;
  mutex.lock_shared();
  EXPECT_TRUE(mutex.try_lock_shared());
  mutex.unlock_shared();
  expect_others_run([&] { const std::unique_lock lock(mutex); }, [&] { mutex.unlock_shared(); });
  std::shared_timed_mutex timed;
  timed.lock();
  Thread other([&] {
    const Stopwatch watch;
    EXPECT_FALSE(timed.try_lock_shared_for(milliseconds(30)));
    watch.expect(milliseconds(30));
  });
  other.join();
  timed.unlock();
}

TEST(StdConditionVariable, WaitAndWaitFor) {
  std::mutex mutex;
  std::condition_variable condition;
  bool ready = false;
  expect_others_run(
      [&] {
        std::unique_lock lock(mutex);
        condition.wait(lock, [&] { return ready; });
      },
      [&] {
        const std::scoped_lock lock(mutex);
        ready = true;
        condition.notify_one();
      });
  std::unique_lock lock(mutex);
  const Stopwatch watch;
  EXPECT_FALSE(condition.wait_for(lock, milliseconds(30), [] { return false; }));
  watch.expect(milliseconds(30));
}

TEST(StdConditionVariableAny, StopTokenEndsTheWait) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::stop_source source;
  expect_others_run(
      [&] {
        std::unique_lock lock(mutex);
        EXPECT_FALSE(condition.wait(lock, source.get_token(), [] { return false; }));
      },
      [&] { source.request_stop(); });
}

TEST(StdFuture, PromiseAsyncAndTimeout) {
  std::promise<int> promise;
  std::future<int> future = promise.get_future();
  EXPECT_EQ(future.wait_for(milliseconds(5)), std::future_status::timeout);
  expect_others_run([&] { EXPECT_EQ(future.get(), 42); }, [&] { promise.set_value(42); });
  auto task = std::async(std::launch::async, [] {
    usleep(2000);
    return 7;
  });
  EXPECT_EQ(task.get(), 7);
}

TEST(StdFuture, CarriesAnException) {
  auto task = std::async(std::launch::async, []() -> int {
    usleep(1000);
    throw std::runtime_error("from the thread");
  });
  EXPECT_THROW(task.get(), std::runtime_error);
}

TEST(StdFuture, ManySharers) {
  std::promise<int> promise;
  const std::shared_future<int> future = promise.get_future().share();
  std::atomic<int> sum{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 20; ++i) {
      threads.push_back(std::make_unique<Thread>([&] { sum += future.get(); }));
    }
    usleep(3000);
    expect_few_kernel_threads();
    promise.set_value(2);
  }
  EXPECT_EQ(sum, 40);
}

TEST(StdLatch, OpensWhenAllHaveCome) {
  std::latch latch(2);
  latch.count_down();
  expect_others_run([&] { latch.wait(); }, [&] { latch.count_down(); });
}

TEST(StdBarrier, CompletionRunsOncePerRound) {
  constexpr int kThreads = 8;
  int rounds = 0;
  std::barrier barrier(kThreads, [&]() noexcept { ++rounds; });
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.push_back(std::make_unique<Thread>([&] {
        for (int i = 0; i < 20; ++i) {
          barrier.arrive_and_wait();
        }
      }));
    }
  }
  EXPECT_EQ(rounds, 20);
}

TEST(StdSemaphore, AcquireAndTryAcquireFor) {
  std::counting_semaphore<10> semaphore(0);
  expect_others_run([&] { semaphore.acquire(); }, [&] { semaphore.release(); });
  const Stopwatch watch;
  EXPECT_FALSE(semaphore.try_acquire_for(milliseconds(30)));
  watch.expect(milliseconds(30));
}

TEST(StdAtomic, WaitAndNotify) {
  std::atomic<int> value{0};
  expect_others_run([&] { value.wait(0); },
                    [&] {
                      value = 1;
                      value.notify_one();
                    });
  // Not the size of a futex: the library waits on a word of its own.
  std::atomic<long> wide{0};
  expect_others_run([&] { wide.wait(0); },
                    [&] {
                      wide = 1;
                      wide.notify_all();
                    });
  std::atomic_flag flag;
  expect_others_run([&] { flag.wait(false); },
                    [&] {
                      flag.test_and_set();
                      flag.notify_all();
                    });
}

TEST(StdThread, JoinDetachAndIds) {
  std::atomic<bool> flag{false};
  std::thread thread([&] {
    while (!flag) {
      std::this_thread::yield();
    }
  });
  EXPECT_NE(thread.get_id(), std::this_thread::get_id());
  expect_others_run([&] { thread.join(); }, [&] { flag = true; });
  std::jthread stoppable([](const std::stop_token& token) {
    while (!token.stop_requested()) {
      usleep(500);
    }
  });
}

TEST(StdThread, ExceptionStateIsPerThread) {
  std::vector<std::unique_ptr<Thread>> threads;
  for (int t = 0; t < 20; ++t) {
    threads.push_back(std::make_unique<Thread>([t] {
      for (int i = 0; i < 20; ++i) {
        try {
          throw t * 1000 + i;
        } catch (int outer) {
          usleep(100);
          try {
            throw std::runtime_error("inner");
          } catch (const std::runtime_error&) {
            std::this_thread::yield();
          }
          const std::exception_ptr current = std::current_exception();
          usleep(100);
          EXPECT_EQ(outer, t * 1000 + i);
          EXPECT_EQ(std::uncaught_exceptions(), 0);
          EXPECT_TRUE(current == std::current_exception());
        }
      }
    }));
  }
}

}  // namespace
}  // namespace weft::test
