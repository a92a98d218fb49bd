#include "tests/support/thread.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

namespace weft::test {
namespace {

// Beside those that run fibers (WEFT_WORKERS): one that watches, one that does what no descriptor
// can announce.
constexpr int kOtherKernelThreads = 2;

// Long enough that a call which does not block is over by then.
constexpr int kRounds = 5;
constexpr useconds_t kRoundMicroseconds = 1000;

}  // namespace

Thread::Thread(std::function<void()> body) : body_(std::move(body)) {
  const int error = pthread_create(&id_, nullptr, run, this);
  joinable_ = error == 0;
  EXPECT_EQ(error, 0) << "pthread_create";
}

void Thread::join() {
  if (std::exchange(joinable_, false)) {
    EXPECT_EQ(pthread_join(id_, nullptr), 0);
  }
}

void* Thread::run(void* self) {
  static_cast<Thread*>(self)->body_();
  return nullptr;
}

void expect_others_run(const std::function<void()>& call, const std::function<void()>& unblock) {
  std::atomic<bool> started{false};
  std::atomic<bool> finished{false};
  std::atomic<int> rounds{0};
  Thread caller([&] {
    started = true;
    call();
    finished = true;
  });
  Thread other([&] {
    while (!started) {
      usleep(kRoundMicroseconds);
    }
    for (; rounds < kRounds; ++rounds) {
      usleep(kRoundMicroseconds);
    }
    EXPECT_FALSE(finished) << "the call was to block, and came back";
    expect_few_kernel_threads();
    unblock();
  });
  caller.join();
  other.join();
  EXPECT_EQ(rounds, kRounds);
}

int kernel_threads() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) {
      return std::stoi(line.substr(sizeof "Threads:" - 1));
    }
  }
  return -1;
}

bool expecting_fibers() {
  const char* const value = std::getenv("WEFT_EXPECT_FIBERS");
  return value != nullptr && *value == '1';
}

void expect_few_kernel_threads() {
  if (!expecting_fibers()) {
    return;
  }
  const char* const workers = std::getenv("WEFT_WORKERS");
  const int most = kOtherKernelThreads + std::atoi(workers == nullptr ? "1" : workers);
  // A spare that an earlier test needed ends after a second without use.
  for (int i = 0; i < 300 && kernel_threads() > most; ++i) {
    usleep(10'000);
  }
  EXPECT_LE(kernel_threads(), most) << "threads were to be fibers";
}

}  // namespace weft::test
