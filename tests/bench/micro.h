// tests/bench/micro.h: the micro benchmarks, the same work for weft and for each of its peers.
//
// Layer:  tests. A peer is a class of static functions and types:
//
//   kName                         in messages
//   run(work, argument)           calls it where fibers can be started
//   Handle, spawn(work, argument), join(handle)
//   yield(), park()               park: waits for an hour
//   sleep(milliseconds)
//   Semaphore                     release(), acquire()
//   Monitor                       a mutex and a condition: lock(), unlock(), wait(), notify()
//   Channel                       if it has one without a buffer: send(int), receive()
//
// A benchmark prints lines of "measure value". `ns` is CPU time of the process for one operation,
// which holds still on a machine that others use; `wall_ns` is the time that has passed.
#pragma once
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// As C's libraries have it; what it returns is not looked at.
using Work = void* (*)(void*);

inline std::int64_t nanoseconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}
inline std::int64_t wall_time() { return nanoseconds(CLOCK_MONOTONIC); }
inline std::int64_t cpu_time() { return nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

inline void print(const char* measure, double value) { std::printf("%s %.6g\n", measure, value); }

// From its construction on.
class Stopwatch {
 public:
  [[nodiscard]] double wall() const { return static_cast<double>(wall_time() - wall_); }
  [[nodiscard]] double cpu() const { return static_cast<double>(cpu_time() - cpu_); }
  void print_each(long operations) const {
    const double used = cpu();
    const double passed = wall();
    print("ns", used / static_cast<double>(operations));
    print("wall_ns", passed / static_cast<double>(operations));
  }

 private:
  std::int64_t wall_ = wall_time();
  std::int64_t cpu_ = cpu_time();
};

// A value of /proc/self/status in bytes.
inline double status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) {
      return 1024 * std::atof(line.c_str() + name.size() + 1);
    }
  }
  return 0;
}

template <class Peer>
class Micro {
 public:
  // Fails for a benchmark that there is not, or that the peer has not.
  static int main(const std::string& name, long count) {
    const auto found = std::find_if(kAll.begin(), kAll.end(),
                                    [&](const Benchmark& one) { return name == one.name; });
    if (found == kAll.end() || found->run == nullptr || count < 1) {
      std::fprintf(stderr, "%s: no benchmark %s of %ld\n", Peer::kName, name.c_str(), count);
      return 2;
    }
    Call call{found->run, count};
    Peer::run(
        [](void* argument) -> void* {
          const auto* const what = static_cast<Call*>(argument);
          what->run(what->count);
          std::fflush(stdout);
          // Fibers that are parked are not waited for.
          ::_exit(0);
        },
        &call);
    return 1;  // not reached
  }

 private:
  using Handle = typename Peer::Handle;
  struct Benchmark {
    const char* name;
    void (*run)(long count);
  };
  struct Call {
    void (*run)(long count);
    long count;
  };

  // Runs `f` on a fiber; it must live until that has ended.
  template <class F>
  static Handle spawn(F& f) {
    return Peer::spawn(
        [](void* call) -> void* {
          (*static_cast<F*>(call))();
          return nullptr;
        },
        &f);
  }
  template <class A, class B>
  static void run_both(A a, B b) {
    Handle first = spawn(a);
    Handle second = spawn(b);
    Peer::join(first);
    Peer::join(second);
  }

  // ---- switch

  // `fibers` of them yield in turn, `count` times in all.
  template <long fibers>
  static void yield_in_turn(long count) {
    const long turns = std::max(count / fibers, 1L);
    auto take_turns = [turns] {
      for (long i = 0; i < turns; ++i) {
        Peer::yield();
      }
    };
    std::vector<Handle> all;
    all.reserve(fibers);
    // What it costs to make them is no part of it. The first turn of each touches its stack.
    for (long i = 0; i < fibers; ++i) {
      all.push_back(spawn(take_turns));
    }
    const Stopwatch watch;
    for (Handle& fiber : all) {
      Peer::join(fiber);
    }
    watch.print_each(turns * fibers);
  }

  // ---- ping-pong: two that wait for each other, `count` handovers

  static void semaphore(long count) {
    auto ping = std::make_unique<typename Peer::Semaphore>();
    auto pong = std::make_unique<typename Peer::Semaphore>();
    const long rounds = std::max(count / 2, 1L);
    const Stopwatch watch;
    run_both(
        [&] {
          for (long i = 0; i < rounds; ++i) {
            ping->release();
            pong->acquire();
          }
        },
        [&] {
          for (long i = 0; i < rounds; ++i) {
            ping->acquire();
            pong->release();
          }
        });
    watch.print_each(2 * rounds);
  }

  static void condition(long count) {
    auto monitor = std::make_unique<typename Peer::Monitor>();
    const long rounds = std::max(count / 2, 1L);
    int turn = 0;
    const auto play = [&](int mine) {
      for (long i = 0; i < rounds; ++i) {
        monitor->lock();
        while (turn != mine) {
          monitor->wait();
        }
        turn = 1 - mine;
        monitor->notify();
        monitor->unlock();
      }
    };
    const Stopwatch watch;
    run_both([&] { play(0); }, [&] { play(1); });
    watch.print_each(2 * rounds);
  }

  template <class Channel>
  static void channel(long count) {
    auto ping = std::make_unique<Channel>();
    auto pong = std::make_unique<Channel>();
    const long rounds = std::max(count / 2, 1L);
    const Stopwatch watch;
    run_both(
        [&] {
          for (long i = 0; i < rounds; ++i) {
            ping->send(1);
            pong->receive();
          }
        },
        [&] {
          for (long i = 0; i < rounds; ++i) {
            ping->receive();
            pong->send(1);
          }
        });
    watch.print_each(2 * rounds);
  }

  // A lock and an unlock that nobody else wants.
  static void mutex(long count) {
    typename Peer::Monitor monitor;
    const Stopwatch watch;
    for (long i = 0; i < count; ++i) {
      monitor.lock();
      monitor.unlock();
    }
    watch.print_each(count);
  }

  // The same in a program that has a second kernel thread, asleep: libc, for one, leaves the atomic
  // operations out of a program with one thread.
  static void mutex_beside_thread(long count) {
    pthread_t asleep{};
    const auto sleep = [](void*) -> void* {
      for (;;) {
        ::pause();
      }
    };
    if (::pthread_create(&asleep, nullptr, sleep, nullptr) != 0) {
      std::perror(Peer::kName);
      ::_exit(1);
    }
    mutex(count);
  }

  // ---- start and end

  // `at_once` are started, then joined, until it were `count`.
  template <long at_once>
  static void spawn_join(long count) {
    long done = 0;
    auto work = [&done] { __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED); };
    std::vector<Handle> all(at_once);
    const auto round = [&] {
      for (Handle& fiber : all) {
        fiber = spawn(work);
      }
      for (Handle& fiber : all) {
        Peer::join(fiber);
      }
    };
    const long rounds = std::max(count / at_once, 1L);
    round();  // brings stacks that are used again
    const Stopwatch watch;
    for (long i = 0; i < rounds; ++i) {
      round();
    }
    watch.print_each(rounds * at_once);
    if (done != (rounds + 1) * at_once) {
      std::fprintf(stderr, "%s: %ld fibers have run\n", Peer::kName, done);
      ::_exit(1);
    }
  }

  // Binary trees of fibers, each of which waits for its two children; the leaves, `count` in all,
  // compute for some microseconds.
  static void compute(long leaves) {
    if (leaves > 1) {
      auto half = [leaves] { compute(leaves / 2); };
      run_both(half, half);
      return;
    }
    std::uint64_t x = 88172645463325252U;
    for (int i = 0; i < 2000; ++i) {
      x ^= x << 13U;
      x ^= x >> 7U;
      x ^= x << 17U;
    }
    __asm__ volatile("" : : "r"(x));
  }
  static void tree(long count) {
    constexpr long kLeaves = 1024;
    const long trees = std::max(count / kLeaves, 1L);
    compute(kLeaves);  // brings stacks that are used again
    const Stopwatch watch;
    for (long i = 0; i < trees; ++i) {
      compute(kLeaves);
    }
    watch.print_each(trees * kLeaves);
  }

  // ---- many that wait

  static void memory(long count) {
    long parked = 0;
    auto park = [&parked] {
      __atomic_fetch_add(&parked, 1, __ATOMIC_RELAXED);
      Peer::park();
    };
    auto nothing = [] {};
    // The first one brings its scheduler, its library's code and libc's along.
    Handle first = spawn(nothing);
    Peer::join(first);
    // Touched here, and not counted. Never freed: who is parked can't be joined.
    auto& all = *new std::vector<Handle>(static_cast<std::size_t>(count));
    const double resident = status_bytes("VmRSS");
    const double tables = status_bytes("VmPTE");
    const Stopwatch watch;
    for (long i = 0; i < count; ++i) {
      all[static_cast<std::size_t>(i)] = spawn(park);
      if (i % 1000 == 999) {
        Peer::yield();
      }
    }
    while (__atomic_load_n(&parked, __ATOMIC_RELAXED) < count) {
      Peer::yield();
    }
    watch.print_each(count);
    print("rss_bytes", (status_bytes("VmRSS") - resident) / static_cast<double>(count));
    print("table_bytes", (status_bytes("VmPTE") - tables) / static_cast<double>(count));
  }

  // They sleep for 1 to 1000 ms, which takes a second at best.
  static void sleepers(long count) {
    struct Sleeper {
      unsigned milliseconds;
      std::int64_t late;
    };
    std::vector<Sleeper> all(static_cast<std::size_t>(count));
    std::uint64_t x = 88172645463325252U;
    for (Sleeper& one : all) {
      x ^= x << 13U;
      x ^= x >> 7U;
      x ^= x << 17U;
      one.milliseconds = static_cast<unsigned>(1 + x % 1000);
    }
    all.front().milliseconds = 1000;
    std::vector<Handle> handles;
    handles.reserve(all.size());
    const Stopwatch watch;
    for (Sleeper& one : all) {
      handles.push_back(Peer::spawn(
          [](void* argument) -> void* {
            auto* const self = static_cast<Sleeper*>(argument);
            const std::int64_t begin = wall_time();
            Peer::sleep(self->milliseconds);
            self->late = wall_time() - begin - 1'000'000L * self->milliseconds;
            return nullptr;
          },
          &one));
    }
    for (Handle& fiber : handles) {
      Peer::join(fiber);
    }
    print("over_ms", watch.wall() / 1e6 - 1000);
    print("cpu_s", watch.cpu() / 1e9);
    print("early", static_cast<double>(std::count_if(
                       all.begin(), all.end(), [](const Sleeper& one) { return one.late < 0; })));
  }

  static constexpr auto channel_if_any() {
    if constexpr (requires { typename Peer::Channel; }) {
      return &channel<typename Peer::Channel>;
    } else {
      return static_cast<void (*)(long)>(nullptr);
    }
  }

  static constexpr std::array kAll{
      Benchmark{"switch", yield_in_turn<2>},
      Benchmark{"switch_many", yield_in_turn<10'000>},
      Benchmark{"semaphore", semaphore},
      Benchmark{"condition", condition},
      Benchmark{"channel", channel_if_any()},
      Benchmark{"mutex", mutex},
      Benchmark{"mutex_beside_thread", mutex_beside_thread},
      Benchmark{"spawn", spawn_join<1>},
      Benchmark{"spawn_many", spawn_join<1000>},
      Benchmark{"tree", tree},
      Benchmark{"memory", memory},
      Benchmark{"sleepers", sleepers},
  };
};

// main() of a peer: PROGRAM BENCHMARK COUNT
template <class Peer>
int run_micro(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s BENCHMARK COUNT\n", argv[0]);
    return 2;
  }
  return Micro<Peer>::main(argv[1], std::atol(argv[2]));
}

}  // namespace bench
