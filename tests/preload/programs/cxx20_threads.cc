// Exercises the threads of C++20's standard library, knowing nothing about fibers; prints what it
// found.
#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <set>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

static void check(bool fact, const char* what) {
  if (fact) return;
  std::cerr << "not so: " << what << '\n';
  std::_Exit(1);
}

static std::string kernel_threads() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "Threads:" && status >> word) return word;
  }
  return "unknown";
}

// Runs function(number) in `count` threads and joins them.
static void in_threads(int count, const std::function<void(int)>& function) {
  std::vector<std::jthread> threads;
  for (int number = 0; number < count; ++number) threads.emplace_back(function, number);
}

static std::string stop_tokens() {
  std::atomic<int> stopped = 0;
  std::atomic<int> called = 0;
  {
    std::mutex lock;
    std::condition_variable_any never;
    std::latch arrived(300);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 300; ++i) {
      threads.emplace_back([&](const std::stop_token& stop) {
        std::latch mine(1);
        const std::stop_callback callback(stop, [&] {
          ++called;
          mine.count_down();
        });
        std::unique_lock guard(lock);
        arrived.count_down();
        never.wait(guard, stop, [] { return false; });
        stopped += stop.stop_requested();
        mine.wait();  // a callback that is destroyed before its turn is not called
      });
    }
    arrived.wait();
    std::cout << "kernel threads: " << kernel_threads() << std::endl;
    // The destructors ask to stop, and join.
  }
  return std::to_string(stopped) + " threads, " + std::to_string(called) + " callbacks";
}

static std::string barriers() {
  int rounds = 0;  // written by the completion only, when all have arrived
  std::array<std::atomic<int>, 20> counts{};
  std::barrier barrier(50, [&]() noexcept { ++rounds; });
  in_threads(50, [&](int) {
    for (auto& count : counts) {
      ++count;
      barrier.arrive_and_wait();
      check(count == 50, "all have arrived");
    }
  });
  return "50 threads, " + std::to_string(rounds) + " rounds";
}

static std::string latches() {
  std::latch start(1);
  std::latch done(200);
  std::atomic<int> begun = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 200; ++i) {
    threads.emplace_back([&] {
      start.wait();
      ++begun;
      done.count_down();
    });
  }
  check(begun == 0, "nobody begins before the start");
  start.count_down();
  done.wait();
  return std::to_string(begun) + " threads begun";
}

static std::string semaphores() {
  std::counting_semaphore<> free(5);
  std::binary_semaphore empty(0);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  in_threads(50, [&](int) {
    free.acquire();
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(5ms);
    --inside;
    free.release();
  });
  check(!empty.try_acquire_for(20ms), "an empty semaphore stays empty");
  return "50 threads, never more than " + std::to_string(most) + " inside";
}

static std::string shared_mutexes() {
  std::shared_timed_mutex lock;
  int first = 0;
  int second = 0;
  std::atomic<int> reads = 0;
  in_threads(100, [&](int number) {
    for (int i = 0; i < 50; ++i) {
      if (number % 4 == 0) {
        const std::unique_lock guard(lock);
        ++first;
        std::this_thread::yield();
        ++second;
      } else {
        const std::shared_lock guard(lock);
        std::this_thread::yield();
        check(first == second, "no reader beside a writer");
        ++reads;
      }
    }
  });
  const std::shared_lock guard(lock);
  bool taken = true;
  std::thread([&] { taken = lock.try_lock_for(20ms); }).join();
  check(!taken, "no writer beside a reader");
  return std::to_string(second) + " writes, " + std::to_string(reads) + " reads";
}

static std::string recursive_mutexes() {
  std::recursive_timed_mutex lock;
  int total = 0;
  in_threads(100, [&](int) {
    for (int i = 0; i < 20; ++i) {
      const std::lock_guard outer(lock);
      const int seen = total;
      std::this_thread::yield();
      const std::lock_guard inner(lock);
      total = seen + 1;
    }
  });
  return "100 threads, " + std::to_string(total) + " increments";
}

static std::string conditions() {
  std::mutex lock;
  std::condition_variable changed;
  std::vector<int> items;
  std::atomic<int> sum = 0;
  std::jthread producer([&] {
    for (int item = 0; item < 2000; ++item) {
      const std::lock_guard guard(lock);
      items.push_back(item);
      changed.notify_one();
    }
  });
  in_threads(20, [&](int) {
    for (int i = 0; i < 100; ++i) {
      std::unique_lock guard(lock);
      check(changed.wait_for(guard, 30s, [&] { return !items.empty(); }), "an item comes");
      sum += items.back();
      items.pop_back();
    }
  });
  std::unique_lock guard(lock);
  check(!changed.wait_for(guard, 20ms, [] { return false; }), "a wait ends at its time");
  return "20 consumers, sum " + std::to_string(sum);
}

static std::string atomic_waits() {
  std::atomic<int> turn = 0;
  in_threads(20, [&](int number) {
    for (int round = 0; round < 50; ++round) {
      const int mine = round * 20 + number;
      for (int seen = turn; seen != mine; seen = turn) turn.wait(seen);
      ++turn;
      turn.notify_all();
    }
  });
  return "20 threads, " + std::to_string(turn) + " turns";
}

static std::string futures() {
  std::vector<std::future<int>> squares;
  for (int number = 0; number < 200; ++number) {
    squares.push_back(std::async(std::launch::async, [number] { return number * number; }));
  }
  int sum = 0;
  for (auto& square : squares) sum += square.get();

  std::promise<int> promise;
  const std::shared_future<int> shared = promise.get_future().share();
  check(shared.wait_for(20ms) == std::future_status::timeout, "nothing is promised yet");
  std::atomic<int> failures = 0;
  std::jthread setter(
      [&] { promise.set_exception(std::make_exception_ptr(std::runtime_error("expected"))); });
  in_threads(50, [&](int) {
    try {
      shared.get();
    } catch (const std::runtime_error&) {
      ++failures;
    }
  });

  std::packaged_task<int(int)> task([](int n) { return n + 1; });
  std::future<int> result = task.get_future();
  std::thread(std::move(task), 41).join();
  check(result.get() == 42, "the result of a task");
  return "sum " + std::to_string(sum) + ", " + std::to_string(failures) + " exceptions";
}

static std::string call_once() {
  std::once_flag flag;
  int tries = 0;
  std::atomic<int> failures = 0;
  in_threads(100, [&](int) {
    try {
      std::call_once(flag, [&] {
        std::this_thread::sleep_for(1ms);
        if (++tries < 3) throw std::runtime_error("again");
      });
    } catch (const std::runtime_error&) {
      ++failures;
    }
    check(tries <= 3, "nothing runs once it has succeeded");
  });
  return std::to_string(tries) + " tries, " + std::to_string(failures) + " failed";
}

static std::atomic<int> destroyed = 0;

struct Counted {
  int number = 0;
  ~Counted() { destroyed += number; }
};

static thread_local Counted own;

static std::string thread_locals() {
  std::barrier everyone(200);
  std::mutex lock;
  std::set<std::thread::id> identities;
  in_threads(200, [&](int number) {
    own.number = number;
    everyone.arrive_and_wait();
    check(own.number == number, "each thread has its own");
    const std::lock_guard guard(lock);
    identities.insert(std::this_thread::get_id());
  });
  return std::to_string(identities.size()) + " threads, sum of the destroyed " +
         std::to_string(destroyed);
}

static std::string exceptions() {
  std::atomic<int> caught = 0;
  in_threads(200, [&](int number) {
    try {
      throw number;
    } catch (int) {
      std::this_thread::sleep_for(1ms);  // others throw and catch meanwhile
      try {
        throw;
      } catch (int again) {
        caught += again == number && std::uncaught_exceptions() == 0;
      }
    }
  });
  return std::to_string(caught) + " caught twice";
}

static std::string at_exits() {
  std::promise<int> promise;
  std::future<int> result = promise.get_future();
  std::thread([&] {
    promise.set_value_at_thread_exit(1);
    check(result.wait_for(0s) == std::future_status::timeout, "the thread has not ended");
  }).detach();
  const int value = result.get();
  std::mutex lock;
  std::condition_variable ended;
  bool done = false;
  std::unique_lock guard(lock);
  std::thread([&] {
    std::unique_lock held(lock);
    done = true;
    std::notify_all_at_thread_exit(ended, std::move(held));
  }).detach();
  ended.wait(guard, [&] { return done; });
  return "value " + std::to_string(value);
}

static std::string sleeps() {
  const auto start = Clock::now();
  in_threads(300, [](int) { std::this_thread::sleep_for(300ms); });
  const auto elapsed = Clock::now() - start;
  check(elapsed >= 300ms && elapsed < 3s, "all sleep at the same time");
  return "300 threads, as long as one";
}

int main() {
  struct Test {
    const char* name;
    std::string (*run)();
  };
  for (const auto& [name, run] :
       {Test{"stop_tokens", stop_tokens}, Test{"barriers", barriers}, Test{"latches", latches},
        Test{"semaphores", semaphores}, Test{"shared_mutexes", shared_mutexes},
        Test{"recursive_mutexes", recursive_mutexes}, Test{"conditions", conditions},
        Test{"atomic_waits", atomic_waits}, Test{"futures", futures}, Test{"call_once", call_once},
        Test{"thread_locals", thread_locals}, Test{"exceptions", exceptions},
        Test{"at_exits", at_exits}, Test{"sleeps", sleeps}}) {
    const std::string found = run();
    std::cout << name << ": " << found << std::endl;
  }
}
