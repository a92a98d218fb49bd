// fixture.h: a test on a thread with a scheduler, that must leave no fiber and no descriptor
// behind.
#pragma once
#include <gtest/gtest.h>

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

/// Null if fibers can have their own TLS here; else why not. Fails the test unless a sanitizer is
/// the reason.
const char* own_tls_refusal();

class RuntimeTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  runtime::Scheduler* scheduler_ = nullptr;

 private:
  int fibers_before_ = 0;
  int fds_before_ = 0;
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

}  // namespace weft::test
