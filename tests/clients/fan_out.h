// fan_out.h: a hundred fibers, each with a connection of its own, ask a server for something that
// takes it 200 ms. On one kernel thread they have all been answered within a second.
#pragma once
#include <gtest/gtest.h>
#include <weft/weft.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/clock.h"

namespace weft::test {

inline constexpr int kClients = 100;
inline constexpr milliseconds kQuery(200);

struct ThreadsByKind {
  int monitors = 0;
  int others = 0;  // may run fibers
};

inline ThreadsByKind threads_by_kind() {
  ThreadsByKind threads;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    ++(name == "weft-monitor" ? threads.monitors : threads.others);
  }
  return threads;
}

// The first fibers bring the monitor, which has no name until it runs, and a thread that lives for
// a moment, by which the runtime learns what a thread of libc's looks like.
inline void wait_for_start() {
  ThreadsByKind threads = threads_by_kind();
  for (; threads.monitors == 0 || threads.others > 1; threads = threads_by_kind()) {
    weft::sleep(milliseconds(1));
  }
}

/// connect() makes what query() then gets, each in every fiber. Queries begin when all are
/// connected, and are timed from then; the whole, with connecting, is printed.
template <class Connect, class Query>
void expect_answers_at_once(Connect connect, Query query) {
  weft::Semaphore connected;
  weft::Event begin_queries;
  std::vector<weft::Fiber<void>> all;
  const auto in_seconds = [](nanoseconds time) {
    return std::chrono::duration<double>(time).count();
  };
  const Stopwatch with_connecting;
  for (int i = 0; i < kClients; ++i) {
    all.push_back(weft::spawn([&] {
      auto connection = connect();
      connected.release();
      begin_queries.wait();
      query(connection);
    }));
  }
  for (int i = 0; i < kClients; ++i) {
    connected.acquire();
  }
  wait_for_start();
  const Stopwatch watch;
  begin_queries.set();
  int threads = 0;
  while (std::ranges::any_of(all, [](const auto& fiber) { return !fiber.ready(); })) {
    threads = std::max(threads, threads_by_kind().others);
    weft::sleep(milliseconds(10));
  }
  const nanoseconds took = watch.elapsed();
  std::printf("%d queries of %d ms: %.3f s, with connecting %.3f s, on %d kernel thread(s)\n",
              kClients, static_cast<int>(kQuery.count()), in_seconds(took),
              in_seconds(with_connecting.elapsed()), threads);
  for (const auto& fiber : all) {
    fiber.get();
  }
  EXPECT_GE(took, kQuery);
  EXPECT_LT(took, seconds(1));
  EXPECT_EQ(threads, 1);
}

}  // namespace weft::test
