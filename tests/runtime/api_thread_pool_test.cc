#include <weft/weft.h>

#include <atomic>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture's small language

class ThreadPoolApi : public RuntimeTest {};
class Offload : public RuntimeTest {};

// Blocks a kernel thread, not a fiber.
class Gate {
 public:
  void pass() const { open_.wait(false); }
  void open() {
    open_ = true;
    open_.notify_all();
  }

 private:
  std::atomic<bool> open_{false};
};

TEST_F(ThreadPoolApi, SubmitReturnsAHandle) {
  ThreadPool pool({.max = 2});
  const auto sum = pool.submit([](int a, int b) { return a + b; }, 1, 2);
  EXPECT_EQ(sum.get(), 3);
  const auto moved =
      pool.submit([](std::unique_ptr<int> n) { return n; }, std::make_unique<int>(4));
  EXPECT_EQ(*moved.get(), 4);
  bool ran = false;
  pool.submit([&ran] { ran = true; }).get();
  EXPECT_TRUE(ran);
  EXPECT_EQ(pool.apply([] { return 5; }), 5);
}

TEST_F(ThreadPoolApi, RunsOnNoFiberWhileFibersGoOn) {
  ThreadPool pool;
  Gate gate;
  const auto call = pool.submit([&gate] {
    gate.pass();
    return this_fiber::on_fiber();
  });
  const auto opener = spawn([&gate] { gate.open(); });
  EXPECT_FALSE(call.get());
  opener.join();
}

TEST_F(ThreadPoolApi, ExceptionsComeBack) {
  ThreadPool pool;
  const auto call = pool.submit([]() -> int { throw std::runtime_error("failed"); });
  EXPECT_THROW(call.get(), std::runtime_error);
  EXPECT_THROW(pool.apply([] { throw std::runtime_error("failed"); }), std::runtime_error);
}

TEST_F(ThreadPoolApi, HasNoMoreThreadsThanItMay) {
  ThreadPool pool(2, 1h);
  EXPECT_EQ(pool.max(), 2U);
  EXPECT_EQ(pool.size(), 0U);
  Gate gate;
  std::atomic<int> begun{0};
  std::vector<AsyncResult<>> calls;
  for (int i = 0; i < 5; ++i) {
    calls.push_back(pool.submit([&] {
      ++begun;
      gate.pass();
    }));
  }
  await([&] { return begun == 2; });
  EXPECT_EQ(pool.size(), 2U);
  EXPECT_FALSE(calls[4].wait_for(1ms));
  EXPECT_EQ(begun, 2);
  gate.open();
  for (const auto& call : calls) {
    call.get();
  }
  EXPECT_EQ(begun, 5);
}

TEST_F(ThreadPoolApi, IdleThreadsEnd) {
  ThreadPool pool(2, 1ms);
  pool.apply([] {});
  await([&] { return pool.size() == 0; });
  EXPECT_EQ(pool.apply([] { return 1; }), 1) << "and others are started";
}

TEST_F(ThreadPoolApi, MapKeepsTheOrder) {
  ThreadPool pool({.max = 3});
  std::vector<int> items(50);
  std::iota(items.begin(), items.end(), 0);
  const auto plus_one = [](int n) { return n + 1; };
  std::vector<int> expected(50);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(pool.map(plus_one, items), expected);
  EXPECT_EQ(pool.map_for(1h, plus_one, items), expected);
  const auto fail = [](int n) { return n == 7 ? throw std::runtime_error("seven") : n; };
  EXPECT_THROW(pool.map(fail, items), std::runtime_error);
}

TEST_F(ThreadPoolApi, MapEndsInTime) {
  ThreadPool pool({.max = 1});
  Gate gate;
  std::atomic<int> begun{0};
  const auto wait = [&](int n) {
    ++begun;
    gate.pass();
    return n;
  };
  EXPECT_EQ(pool.map_for(2ms, wait, std::vector<int>{1, 2, 3}), std::nullopt);
  gate.open();
  pool.shutdown();
  EXPECT_LE(begun, 1) << "what had not begun is not called";
}

TEST_F(ThreadPoolApi, WhatIsCancelledIsNotCalled) {
  ThreadPool pool({.max = 1});
  Gate gate;
  const auto first = pool.submit([&gate] { gate.pass(); });
  bool ran = false;
  auto second = pool.submit([&ran] { ran = true; });
  EXPECT_TRUE(second.cancel());
  gate.open();
  pool.shutdown();
  EXPECT_FALSE(ran);
  EXPECT_THROW(second.get(), ResultCancelled);
  first.get();
}

TEST_F(ThreadPoolApi, ShutdownWaitsForAllCalls) {
  ThreadPool pool({.max = 1});
  std::atomic<int> ran{0};
  for (int i = 0; i < 10; ++i) {
    pool.submit([&ran] { ++ran; });
  }
  pool.shutdown();
  EXPECT_EQ(ran, 10);
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_THROW(pool.submit([] {}), std::runtime_error);
}

TEST_F(ThreadPoolApi, ShutdownCancelsWhatIsPending) {
  ThreadPool pool({.max = 1});
  Gate gate;
  std::atomic<bool> begun{false};
  const auto first = pool.submit([&] {
    begun = true;
    gate.pass();
    return 1;
  });
  await([&] { return begun.load(); });
  const auto second = pool.submit([] { return 2; });
  pool.shutdown(false, true);
  EXPECT_THROW(second.get(), ResultCancelled);
  gate.open();
  EXPECT_EQ(first.get(), 1);
}

TEST_F(ThreadPoolApi, ThreadsHaveNamesAndAnInitializer) {
  std::atomic<int> initialized{0};
  ThreadPool pool({.max = 1, .name = "hashing", .initializer = [&initialized] { ++initialized; }});
  const std::string name = pool.apply([] {
    char text[16];
    pthread_getname_np(pthread_self(), text, sizeof text);
    return std::string(text);
  });
  EXPECT_EQ(name, "hashing-1");
  EXPECT_EQ(initialized, 1);
}

TEST_F(ThreadPoolApi, WhatTheInitializerThrowsFailsTheCalls) {
  ThreadPool pool({.max = 1, .initializer = [] { throw std::runtime_error("no licence"); }});
  EXPECT_THROW(pool.apply([] { return 1; }), std::runtime_error);
  EXPECT_THROW(pool.apply([] {}), std::runtime_error);
}

TEST_F(ThreadPoolApi, WhoIsKilledDoesNotWaitAnyMore) {
  ThreadPool pool({.max = 1});
  Gate gate;
  const auto waiter = spawn([&] { pool.apply([&gate] { gate.pass(); }); });
  yield();
  EXPECT_TRUE(waiter.kill_for(10s)) << "it waits for its call";
  EXPECT_TRUE(waiter.was_killed());
  gate.open();
}

TEST_F(ThreadPoolApi, APoolOfNoThreadsIsRefused) {
  EXPECT_THROW(ThreadPool({.max = 0}), std::system_error);
}

TEST_F(ThreadPoolApi, CallsFromWorkersAndThreads) {
  constexpr int kEach = kSanitized ? 100 : 500;
  std::atomic<int> ran{0};
  {
    ThreadPool pool(3, 100us);
    const auto submit_many = [&] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_EQ(pool.apply([&ran] { return ++ran; }) > 0, true);
        pool.submit([&ran] { ++ran; });
      }
    };
    Scheduler scheduler{.workers = 2};
    const auto first = scheduler.spawn(submit_many);
    const auto second = scheduler.spawn(submit_many);
    std::thread thread(submit_many);
    joinall({first, second});
    thread.join();
  }
  EXPECT_EQ(ran, 3 * kEach * 2);
}

TEST_F(Offload, OthersGoOnWhileItBlocks) {
  Gate gate;
  const auto opener = spawn([&gate] { gate.open(); });
  const int answer = offload([&gate] {
    gate.pass();
    return 42;
  });
  EXPECT_EQ(answer, 42);
  EXPECT_TRUE(opener.join_for(10s));
  EXPECT_THROW(offload([] { throw std::runtime_error("failed"); }), std::runtime_error);
}

TEST_F(Offload, ItsCallerIsKilledOnlyAfterwards) {
  Gate gate;
  bool returned = false;
  const auto caller = spawn([&] {
    offload([&gate] { gate.pass(); });
    returned = true;
    sleep(1h);
  });
  yield();
  caller.kill_soon();
  yield();
  EXPECT_FALSE(caller.ready());
  gate.open();
  caller.join();
  EXPECT_TRUE(returned);
}

}  // namespace
}  // namespace weft
