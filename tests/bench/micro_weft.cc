// micro_weft.cc: the micro benchmarks on weft.
//
//   micro_weft BENCHMARK COUNT [shared|own|WORKERS]     fibers that share their thread's TLS, that
//   have their own, or those of a scheduler with so many workers
#include <weft/weft.h>

#include <chrono>
#include <string>

#include "tests/bench/micro.h"

namespace {

struct Weft {
  static constexpr const char* kName = "weft";
  using Handle = weft::Fiber<void>;
  static inline weft::SpawnOptions options;  // NOLINT: set by main()
  static inline int workers = 0;             // 0: the thread's own scheduler

  static void run(bench::Work work, void* argument) {
    if (workers == 0) {
      work(argument);
    } else {
      weft::run({.workers = workers}, work, argument);
    }
  }
  static Handle spawn(bench::Work work, void* argument) {
    return weft::spawn(options, [work, argument] { work(argument); });
  }
  static void join(Handle& fiber) { fiber.join(); }
  static void yield() { weft::yield(); }
  static void sleep(unsigned milliseconds) { weft::sleep(std::chrono::milliseconds(milliseconds)); }
  static void park() { weft::sleep(std::chrono::hours(1)); }

  using Semaphore = weft::Semaphore;
  struct Monitor {
    weft::Mutex mutex_;
    weft::Condition changed_;

    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }
    void wait() {
      Held held{&mutex_};
      changed_.wait(held);
    }
    void notify() { changed_.notify_one(); }
  };
  using Channel = weft::Channel<int>;

 private:
  // What a Condition asks of a std::unique_lock.
  struct Held {
    weft::Mutex* held;
    [[nodiscard]] weft::Mutex* mutex() const { return held; }
    [[nodiscard]] static bool owns_lock() { return true; }
  };
};

}  // namespace

int main(int argc, char** argv) {
  const std::string kind = argc > 3 ? argv[3] : "shared";
  if (kind == "own") {
    Weft::options.own_tls = true;
  } else if (kind != "shared") {
    Weft::workers = std::atoi(kind.c_str());
  }
  return bench::run_micro<Weft>(argc > 3 ? 3 : argc, argv);
}
