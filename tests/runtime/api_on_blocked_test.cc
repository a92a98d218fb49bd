#include <sys/stat.h>
#include <unistd.h>
#include <weft/weft.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/runtime/fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

struct Heard {
  std::uint64_t fiber;
  std::string name;
  int kernel_thread;
  std::chrono::milliseconds held;
  std::string where;
  int own_thread;  // the handler's
};

class OnBlocked : public test::RuntimeTest {
 protected:
  OnBlocked() : before_(config()) {
    on_blocked([this](const Blocked& stuck) {
      const std::lock_guard hold(mutex_);
      heard_.push_back({stuck.fiber, std::string(stuck.name), stuck.kernel_thread, stuck.held,
                        std::string(stuck.where), ::gettid()});
      calls_ = static_cast<int>(heard_.size());
    });
  }
  ~OnBlocked() override {
    on_blocked(nullptr);
    configure(before_);
  }
  // Holds the kernel thread until the handler has been called.
  void compute() const {
    compute_until([this] { return calls_ != 0; });
  }
  template <class Condition>
  static void compute_until(Condition holds) {
    const test::Stopwatch watch;
    while (!holds() && watch.elapsed() < 20s) {
    }
    EXPECT_TRUE(holds());
  }
  Heard first() {
    const std::lock_guard hold(mutex_);
    return heard_.empty() ? Heard{} : heard_.front();
  }

  const Config before_;
  std::mutex mutex_;
  std::vector<Heard> heard_;
  std::atomic<int> calls_{0};
};

TEST_F(OnBlocked, HearsOfAFiberThatHoldsItsWorker) {
  Scheduler scheduler{.workers = 1};
  std::uint64_t fiber = 0;
  int thread = 0;
  Event end;
  const auto held_up = scheduler.spawn([&] { end.wait(); });
  scheduler
      .spawn({.name = "computes"},
             [&] {
               fiber = this_fiber::id();
               thread = ::gettid();
               compute();
             })
      .join();
  end.set();
  held_up.join();
  const Heard heard = first();
  EXPECT_EQ(heard.fiber, fiber);
  EXPECT_EQ(heard.name, "computes");
  EXPECT_EQ(heard.kernel_thread, thread);
  EXPECT_EQ(heard.where, "computes");
  EXPECT_NE(heard.own_thread, thread);
}

TEST_F(OnBlocked, AThreadsOwnSchedulerIsWatchedToo) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  on_blocked([&](const Blocked& stuck) {
    const std::lock_guard hold(mutex_);
    heard_.push_back({stuck.fiber, std::string(stuck.name), stuck.kernel_thread, stuck.held,
                      std::string(stuck.where), ::gettid()});
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
  });
  char byte = 0;
  const auto reads = spawn({.name = "reads"}, [&] { return ::read(ends[0], &byte, 1); });
  EXPECT_EQ(reads.get(), 1);
  on_blocked(nullptr);
  const Heard heard = first();
  EXPECT_EQ(heard.name, "reads");
  EXPECT_EQ(heard.kernel_thread, ::gettid());
  EXPECT_NE(heard.where.find("(system call read)"), std::string::npos) << heard.where;
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(OnBlocked, MaxBlockingTimeIsHowLongIsTooLong) {
  Config wanted = before_;
  wanted.max_blocking_time = 150ms;
  configure(wanted);
  spawn([&] { compute(); }).join();
  EXPECT_GE(first().held, 150ms);
}

TEST_F(OnBlocked, IsCalledOnceASecondAtMostAndNeverForItself) {
  const test::Stopwatch watch;
  spawn([&] {
    compute();
    const test::Stopwatch more;
    compute_until([&] { return more.elapsed() > 150ms; });
  }).join();
  EXPECT_LE(calls_, 1 + watch.elapsed() / 1s);
  const std::lock_guard hold(mutex_);
  for (const Heard& heard : heard_) {
    EXPECT_EQ(heard.kernel_thread, ::gettid());
  }
}

TEST_F(OnBlocked, WhatTheHandlerThrowsIsPrinted) {
  on_blocked([this](const Blocked&) {
    ++calls_;
    throw std::runtime_error("the reason");
  });
  testing::internal::CaptureStderr();
  struct stat info {};
  spawn([&] {
    compute_until([&] { return ::fstat(STDERR_FILENO, &info) == 0 && info.st_size != 0; });
  }).join();
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "weft: the handler of weft::on_blocked failed: the reason\n");
}

TEST_F(OnBlocked, NullptrBringsTheLineBack) {
  Config wanted = before_;
  wanted.monitor = true;
  configure(wanted);
  EXPECT_NE(on_blocked(nullptr), nullptr);
  testing::internal::CaptureStderr();
  struct stat info {};
  spawn({.name = "computes"}, [&] {
    compute_until([&] { return ::fstat(STDERR_FILENO, &info) == 0 && info.st_size != 0; });
  }).join();
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("'computes' (thread "), std::string::npos) << line;
  EXPECT_NE(line.find(" has held kernel thread "), std::string::npos) << line;
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace weft
