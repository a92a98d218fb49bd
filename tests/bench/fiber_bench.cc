// fiber_bench.cc: what a switch, a spawn and a semaphore cost, each beside what kernel threads or
// bare contexts take.
#include <benchmark/benchmark.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <weft/weft.h>

#include <atomic>
#include <boost/context/detail/fcontext.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

namespace context = boost::context::detail;

// Shown as time for one of the `per_iteration` things that an iteration does.
void report(benchmark::State& state, const char* name, std::int64_t per_iteration) {
  using Counter = benchmark::Counter;
  state.counters[name] = Counter(static_cast<double>(state.iterations() * per_iteration),
                                 static_cast<Counter::Flags>(Counter::kIsRate | Counter::kInvert));
}

// ---- switch

// `range(0)` fibers, the main one among them, yield in turn.
void switch_fibers(benchmark::State& state, bool own_tls) {
  bool stop = false;
  std::vector<weft::Fiber<void>> others;
  for (std::int64_t i = 1; i < state.range(0); ++i) {
    others.push_back(weft::spawn({.stack_bytes = 16 << 10, .own_tls = own_tls}, [&stop] {
      while (!stop) {
        weft::yield();
      }
    }));
  }
  weft::yield();
  for (auto _ : state) {
    weft::yield();
  }
  stop = true;
  weft::joinall(others);
  report(state, "switch", state.range(0));
}
BENCHMARK_CAPTURE(switch_fibers, shared_tls, false)->Arg(2)->Arg(1000);
BENCHMARK_CAPTURE(switch_fibers, own_tls, true)->Arg(2)->Arg(1000);

void bounce(context::transfer_t transfer) {
  for (;;) {
    transfer = context::jump_fcontext(transfer.fctx, nullptr);
  }
}

void switch_bare_contexts(benchmark::State& state) {
  constexpr std::size_t kStack = 16 << 10;
  const auto stack = std::make_unique<char[]>(kStack);
  context::fcontext_t other = context::make_fcontext(stack.get() + kStack, kStack, bounce);
  for (auto _ : state) {
    other = context::jump_fcontext(other, nullptr).fctx;
  }
  report(state, "switch", 2);
}
BENCHMARK(switch_bare_contexts);

// ---- two that wake each other

// A word whose parity says whose turn it is.
class FutexTurn {
 public:
  void wait_for(std::uint32_t parity) {
    for (std::uint32_t seen = word_; seen % 2 != parity; seen = word_) {
      ::syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
    }
  }
  void pass() {
    ++word_;
    ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

 private:
  std::atomic<std::uint32_t> word_{0};
};

// Runs `body` on a pthread.
template <class Body>
class Thread {
 public:
  explicit Thread(Body body) : body_(body) {
    ::pthread_create(
        &id_, nullptr,
        [](void* self) -> void* {
          static_cast<Thread*>(self)->body_();
          return nullptr;
        },
        this);
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { ::pthread_join(id_, nullptr); }

 private:
  Body body_;
  pthread_t id_ = {};
};

void ping_pong_futex_threads(benchmark::State& state) {
  FutexTurn turn;
  std::atomic<bool> stop{false};
  const Thread other([&] {
    for (;;) {
      turn.wait_for(1);
      if (stop) {
        return;
      }
      turn.pass();
    }
  });
  for (auto _ : state) {
    turn.pass();
    turn.wait_for(0);
  }
  stop = true;
  turn.pass();
  report(state, "switch", 2);
}
BENCHMARK(ping_pong_futex_threads)->UseRealTime();

void ping_pong_semaphore_fibers(benchmark::State& state) {
  weft::Semaphore ping;
  weft::Semaphore pong;
  bool stop = false;
  const auto other = weft::spawn([&] {
    for (;;) {
      ping.acquire();
      if (stop) {
        return;
      }
      pong.release();
    }
  });
  for (auto _ : state) {
    ping.release();
    pong.acquire();
  }
  stop = true;
  ping.release();
  other.join();
  report(state, "handover", 2);
}
BENCHMARK(ping_pong_semaphore_fibers)->UseRealTime();

void ping_pong_semaphore_threads(benchmark::State& state) {
  sem_t ping;
  sem_t pong;
  ::sem_init(&ping, 0, 0);
  ::sem_init(&pong, 0, 0);
  std::atomic<bool> stop{false};
  {
    const Thread other([&] {
      for (;;) {
        ::sem_wait(&ping);
        if (stop) {
          return;
        }
        ::sem_post(&pong);
      }
    });
    for (auto _ : state) {
      ::sem_post(&ping);
      ::sem_wait(&pong);
    }
    stop = true;
    ::sem_post(&ping);
  }
  ::sem_destroy(&ping);
  ::sem_destroy(&pong);
  report(state, "handover", 2);
}
BENCHMARK(ping_pong_semaphore_threads)->UseRealTime();

// ---- start and end

void spawn_join_fiber(benchmark::State& state, bool own_tls) {
  for (auto _ : state) {
    weft::spawn({.own_tls = own_tls}, [] {}).join();
  }
  report(state, "spawn_join", 1);
}
BENCHMARK_CAPTURE(spawn_join_fiber, shared_tls, false)->UseRealTime();
BENCHMARK_CAPTURE(spawn_join_fiber, own_tls, true)->UseRealTime();

void spawn_join_thread(benchmark::State& state) {
  const auto nothing = [] {};
  for (auto _ : state) {
    const Thread thread(nothing);
  }
  report(state, "spawn_join", 1);
}
BENCHMARK(spawn_join_thread)->UseRealTime();

}  // namespace
