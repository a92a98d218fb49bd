// What C++'s library makes of threads and locks: each part prints counts and results that any
// correct run has.
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 1000;

template <class Body>
void in_threads(int count, Body body) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
}

void say(const char* what, long number) { std::printf("%s: %ld\n", what, number); }

// Whether `wait` took at least `length`, and what it returned.
template <class Wait>
void say_timed(const char* what, std::chrono::milliseconds length, Wait wait) {
  const auto start = Clock::now();
  const bool result = wait();
  std::printf("%s: %d, not early %d\n", what, result, Clock::now() - start >= length);
}

void use_stop_tokens() {
  std::mutex mutex;
  std::condition_variable_any condition;
  bool stopped = false;
  bool called = false;
  {
    std::jthread waiter([&](std::stop_token token) {
      std::stop_callback callback(token, [&called] { called = true; });
      std::unique_lock lock(mutex);
      stopped = !condition.wait(lock, token, [] { return false; });
    });
    std::this_thread::sleep_for(5ms);
    say("request_stop", waiter.request_stop());
    say("request_stop again", waiter.request_stop());
  }
  say("stopped", stopped);
  say("callback", called);
  std::stop_source source;
  std::unique_lock lock(mutex);
  say_timed("wait_for with a token", 20ms, [&] {
    return condition.wait_for(lock, source.get_token(), 20ms, [] { return false; });
  });
}

void use_barriers() {
  long completions = 0;
  long sum = 0;
  std::atomic<long> arrived = 0;
  std::barrier barrier(kThreads, [&]() noexcept {
    ++completions;
    sum += arrived.exchange(0);
  });
  std::latch latch(kThreads);
  in_threads(kThreads, [&](int number) {
    latch.arrive_and_wait();
    for (int i = 0; i < kRounds; ++i) {
      ++arrived;
      barrier.arrive_and_wait();
    }
    if (number == 0) barrier.arrive_and_drop();
    if (number != 0) barrier.arrive_and_wait();
  });
  say("completions", completions);
  say("sum", sum);
  say("latch", latch.try_wait());
}

void use_semaphores() {
  std::counting_semaphore<10> semaphore(3);
  std::binary_semaphore none(0);
  std::atomic<int> inside = 0;
  std::atomic<int> too_many = 0;
  in_threads(kThreads, [&](int) {
    for (int i = 0; i < kRounds; ++i) {
      semaphore.acquire();
      if (++inside > 3) ++too_many;
      if (i % 100 == 0) std::this_thread::yield();
      --inside;
      semaphore.release();
    }
  });
  say("too many", too_many);
  say("try_acquire", none.try_acquire());
  say_timed("try_acquire_for", 20ms, [&] { return none.try_acquire_for(20ms); });
  say_timed("try_acquire_until", 20ms, [&] { return none.try_acquire_until(Clock::now() + 20ms); });
  std::jthread releases([&] { none.release(); });
  say("try_acquire_for in time", none.try_acquire_for(5s));
}

template <class Mutex>
void use_timed(const char* name) {
  Mutex mutex;
  std::puts(name);
  const std::unique_lock lock(mutex);
  std::jthread([&] {
    say("try_lock", mutex.try_lock());
    say_timed("try_lock_for", 20ms, [&] { return mutex.try_lock_for(20ms); });
    say_timed("try_lock_until", 20ms, [&] { return mutex.try_lock_until(Clock::now() + 20ms); });
    say_timed("try_lock_until, system clock", 0ms,
              [&] { return mutex.try_lock_until(std::chrono::system_clock::now() + 20ms); });
  }).join();
  if constexpr (requires { mutex.try_lock_shared_for(20ms); }) {
    std::jthread([&] {
      say("try_lock_shared", mutex.try_lock_shared());
      say_timed("try_lock_shared_for", 20ms, [&] { return mutex.try_lock_shared_for(20ms); });
    }).join();
  }
}

void use_mutexes() {
  use_timed<std::timed_mutex>("timed_mutex");
  use_timed<std::recursive_timed_mutex>("recursive_timed_mutex");
  use_timed<std::shared_timed_mutex>("shared_timed_mutex");
  std::recursive_timed_mutex recursive;
  recursive.lock();
  say("recursive try_lock_for", recursive.try_lock_for(1ms));
  recursive.unlock();
  recursive.unlock();
  std::shared_mutex shared;
  long a = 0;
  long b = 0;
  std::atomic<long> wrong = 0;
  in_threads(kThreads, [&](int) {
    for (int i = 0; i < kRounds; ++i) {
      if (i % 8 == 0) {
        const std::unique_lock lock(shared);
        ++a;
        if (i % 100 == 0) std::this_thread::yield();
        ++b;
      } else {
        const std::shared_lock lock(shared);
        if (a != b) ++wrong;
      }
    }
  });
  std::printf("written %ld %ld, wrong %ld\n", a, b, wrong.load());
  std::mutex first;
  std::mutex second;
  long count = 0;
  in_threads(kThreads, [&](int number) {
    for (int i = 0; i < kRounds; ++i) {
      const std::scoped_lock lock(number % 2 ? first : second, number % 2 ? second : first);
      ++count;
    }
  });
  say("under two mutexes", count);
  try {
    std::unique_lock lock(first);
    lock.lock();
  } catch (const std::system_error& error) {
    say("relock is a deadlock", error.code() == std::errc::resource_deadlock_would_occur);
  }
}

void use_futures() {
  std::vector<std::future<int>> futures;
  for (int i = 0; i < 50; ++i)
    futures.push_back(std::async(std::launch::async, [i] {
      std::this_thread::sleep_for(std::chrono::milliseconds(i % 5));
      return i;
    }));
  int sum = 0;
  for (auto& future : futures) sum += future.get();
  say("sum of async", sum);
  std::promise<std::string> promise;
  std::shared_future<std::string> shared = promise.get_future().share();
  say_timed("wait_for", 20ms, [&] { return shared.wait_for(20ms) == std::future_status::ready; });
  std::atomic<int> lengths = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < kThreads; ++i)
    readers.emplace_back([&, shared] { lengths += static_cast<int>(shared.get().size()); });
  promise.set_value("weft");
  readers.clear();
  say("lengths", lengths);
  std::packaged_task<int(int)> task(
      [](int n) { return n > 0 ? n : throw std::runtime_error("no"); });
  auto failed = task.get_future();
  std::jthread(std::move(task), -1).join();
  try {
    failed.get();
  } catch (const std::runtime_error& error) {
    std::printf("the task threw: %s\n", error.what());
  }
  std::future<void> broken = std::promise<void>().get_future();
  try {
    broken.get();
  } catch (const std::future_error& error) {
    say("broken promise", error.code() == std::future_errc::broken_promise);
  }
  std::promise<void> at_exit;
  std::jthread([&] { at_exit.set_value_at_thread_exit(); }).detach();
  at_exit.get_future().wait();
  std::puts("set at thread exit");
}

void use_atomic_waits() {
  std::atomic<int> turn = 0;
  std::atomic<long> big = 0;  // wider than a futex
  std::atomic_flag flag;
  std::jthread opens([&flag] {
    std::this_thread::sleep_for(5ms);
    flag.test_and_set();
    flag.notify_all();
  });
  in_threads(kThreads, [&](int number) {
    flag.wait(false);
    for (int i = 0; i < kRounds / 10; ++i) {
      for (int seen = turn; seen % kThreads != number; seen = turn) turn.wait(seen);
      ++turn;
      turn.notify_all();
      ++big;
      big.notify_one();
    }
  });
  say("turns", turn);
  say("big", big);
}

void use_call_once() {
  std::once_flag flag;
  std::atomic<int> attempts = 0;
  std::atomic<int> caught = 0;
  in_threads(kThreads, [&](int) {
    try {
      std::call_once(flag, [&] {
        if (++attempts < 3) throw std::runtime_error("again");
        std::this_thread::sleep_for(2ms);
      });
    } catch (const std::runtime_error&) {
      ++caught;
    }
  });
  std::printf("attempts %d, caught %d\n", attempts.load(), caught.load());
}

void use_sleeps() {
  say_timed("sleep_until, steady", 20ms, [] {
    std::this_thread::sleep_until(Clock::now() + 20ms);
    return true;
  });
  say_timed("sleep_until, system", 19ms, [] {
    std::this_thread::sleep_until(std::chrono::system_clock::now() + 20ms);
    return true;
  });
  say_timed("sleep_until, past", 0ms, [] {
    std::this_thread::sleep_until(Clock::now() - 1s);
    return true;
  });
}

std::atomic<int> destroyed = 0;
std::atomic<int> with_value = 0;

struct Local {
  int value = 0;
  ~Local() {
    ++destroyed;
    if (value == kRounds) ++with_value;
  }
};

thread_local Local local;
thread_local std::string text = "initial";

void use_thread_locals() {
  std::atomic<int> fresh = 0;
  in_threads(kThreads, [&](int number) {
    if (text == "initial") ++fresh;
    for (int i = 0; i < kRounds; ++i) {
      ++local.value;
      text = std::to_string(number);
      if (i % 100 == 0) std::this_thread::yield();
      if (text != std::to_string(number)) std::puts("another thread's text");
    }
  });
  std::printf("fresh %d, destroyed %d, with value %d\n", fresh.load(), destroyed.load(),
              with_value.load());
}

void use_thread_errors() {
  std::thread none;
  say("joinable", none.joinable());
  try {
    none.join();
  } catch (const std::system_error& error) {
    say("not joinable", error.code() == std::errc::invalid_argument);
  }
  std::promise<std::thread*> promise;
  std::thread thread([future = promise.get_future()]() mutable {
    try {
      future.get()->join();
    } catch (const std::system_error& error) {
      say("joins itself", error.code() == std::errc::resource_deadlock_would_occur);
    }
  });
  promise.set_value(&thread);
  thread.join();
}

}  // namespace

int main() {
  use_stop_tokens();
  use_barriers();
  use_semaphores();
  use_mutexes();
  use_futures();
  use_atomic_waits();
  use_call_once();
  use_sleeps();
  use_thread_locals();
  use_thread_errors();
  return 0;
}
