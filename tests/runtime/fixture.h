// fixture.h: a test on a thread with a scheduler, that must leave no fiber and no descriptor
// behind.
#pragma once
#include <gtest/gtest.h>
#include <weft/sleep.h>

#include <chrono>

#include "runtime/scheduler.h"

namespace weft::test {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): literals only

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitized = true;
#else
inline constexpr bool kThreadSanitized = false;
#endif

/// Descriptors that this process has open.
int count_fds();

/// Kernel threads of this process.
int count_kernel_threads();

/// Fails if more than `most` of them are left. Waits: each is there for a moment after its last
/// instruction.
void expect_kernel_threads_end(int most);

/// Null if fibers can have their own TLS here; else why not. Fails the test unless a sanitizer is
/// the reason.
const char* own_tls_refusal();

class RuntimeTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  /// Until whoever can run has run as far as it can: what had been told to end has ended.
  static void let_others_end();

  runtime::Scheduler* scheduler_ = nullptr;

 private:
  int fibers_before_ = 0;
  int fds_before_ = 0;
};

/// Null if a process with several threads can be copied here; else why not.
constexpr const char* fork_refusal() {
  return kThreadSanitized ? "TSan ignores synchronisation in the child of a process with several "
                            "threads, and takes its fibers for threads"
                          : nullptr;
}

/// Of tests that all fork.
class ForkingTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (fork_refusal() != nullptr) {
      GTEST_SKIP() << fork_refusal();
    }
  }
};

/// A pipe whose ends do not block. Its slots begin and end with it, as the hooks see to in a
/// program.
class Pipe {
 public:
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int out() const { return ends_[0]; }
  [[nodiscard]] int in() const { return ends_[1]; }
  [[nodiscard]] runtime::FdSlot& out_slot() const { return *runtime::fd_slot(ends_[0]); }
  [[nodiscard]] runtime::FdSlot& in_slot() const { return *runtime::fd_slot(ends_[1]); }
  void feed() const;
  /// Takes one byte. False if there is none.
  [[nodiscard]] bool drink() const;
  /// Writes until no more goes in.
  void fill() const;

 private:
  int ends_[2] = {-1, -1};
};

/// Measures from its construction.
class Stopwatch {
 public:
  [[nodiscard]] std::chrono::nanoseconds elapsed() const {
    return std::chrono::nanoseconds(runtime::now_ns() - start_);
  }

 private:
  std::int64_t start_ = runtime::now_ns();
};

/// `wait` has a limit and must not come to anything: it says so, and not before its time is up.
template <class Wait>
void expect_times_out(Wait wait) {
  constexpr auto kLimit = 3ms;
  const Stopwatch watch;
  EXPECT_FALSE(wait(kLimit));
  EXPECT_GE(watch.elapsed(), kLimit);
}

/// Until condition() holds, which others bring about.
template <class Condition>
void await(Condition condition) {
  while (!condition()) {
    weft::sleep(100us);
  }
}

}  // namespace weft::test
