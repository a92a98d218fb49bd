// micro_boost.cc: the micro benchmarks on Boost.Fiber, with its usual stacks and scheduler.
#include <boost/fiber/all.hpp>
#include <chrono>
#include <mutex>

#include "tests/bench/micro.h"

namespace {

namespace fibers = boost::fibers;

struct BoostFiber {
  static constexpr const char* kName = "Boost.Fiber";
  using Handle = fibers::fiber;

  static void run(bench::Work work, void* argument) { fibers::fiber(work, argument).join(); }
  static Handle spawn(bench::Work work, void* argument) { return Handle(work, argument); }
  static void join(Handle& fiber) { fiber.join(); }
  static void yield() { boost::this_fiber::yield(); }
  static void sleep(unsigned milliseconds) {
    boost::this_fiber::sleep_for(std::chrono::milliseconds(milliseconds));
  }
  static void park() { boost::this_fiber::sleep_for(std::chrono::hours(1)); }

  // It has none of its own: a counter and a condition, as its documentation has it.
  struct Semaphore {
    fibers::mutex mutex;
    fibers::condition_variable changed;
    int permits = 0;

    void release() {
      const std::lock_guard<fibers::mutex> lock(mutex);
      ++permits;
      changed.notify_one();
    }
    void acquire() {
      std::unique_lock<fibers::mutex> lock(mutex);
      changed.wait(lock, [this] { return permits > 0; });
      --permits;
    }
  };
  struct Monitor {
    fibers::mutex mutex;
    fibers::condition_variable changed;

    void lock() { mutex.lock(); }
    void unlock() { mutex.unlock(); }
    void wait() {
      std::unique_lock<fibers::mutex> lock(mutex, std::adopt_lock);
      changed.wait(lock);
      lock.release();
    }
    void notify() { changed.notify_one(); }
  };
  struct Channel {
    fibers::unbuffered_channel<int> channel;

    void send(int value) { channel.push(value); }
    int receive() { return channel.value_pop(); }
  };
};

}  // namespace

int main(int argc, char** argv) { return bench::run_micro<BoostFiber>(argc, argv); }
