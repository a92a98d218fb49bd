// tests/support/clock.h: how long a call took, and what is promised about that.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

namespace weft::test {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

inline nanoseconds now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time{};
  clock_gettime(clock, &time);
  return seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

inline timespec to_timespec(nanoseconds time) {
  const auto whole = std::chrono::duration_cast<seconds>(time);
  return {.tv_sec = static_cast<time_t>(whole.count()), .tv_nsec = (time - whole).count()};
}

/// `delay` from now, as the calls with an absolute time want it.
inline timespec after(nanoseconds delay, clockid_t clock = CLOCK_REALTIME) {
  return to_timespec(now(clock) + delay);
}

/// What a call may be late: `margin` under weft, more if there is work for more than every
/// processor. Natively how late a thread runs is the kernel's affair, so the bound is only one
/// against hanging.
nanoseconds allowed_lateness(nanoseconds margin);

/// Measures from its construction.
class Stopwatch {
 public:
  [[nodiscard]] nanoseconds elapsed() const { return now() - start_; }

  /// Never early; not later than allowed_lateness(margin).
  void expect(nanoseconds asked, nanoseconds margin = milliseconds(50)) const {
    const nanoseconds took = elapsed();
    EXPECT_GE(took.count(), asked.count()) << "ns: too early";
    EXPECT_LT(took.count(), (asked + allowed_lateness(margin)).count()) << "ns: too late";
  }

 private:
  nanoseconds start_ = now();
};

}  // namespace weft::test
