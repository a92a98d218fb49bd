// time_point.h: a timed call's absolute end, on the clock that the call names.
//
// Layer:  hooks.
#pragma once
#include <time.h>

#include "runtime/deadline.h"

namespace weft::hooks {

/// `until` on `clock`; null: never. What is not a time (nanoseconds out of range, an unknown clock)
/// is invalid, and its deadline has passed: some calls say EINVAL only where they would have had to
/// wait. Lives no longer than what `until` points to.
class TimePoint {
 public:
  TimePoint(clockid_t clock, const timespec* until) : clock_(clock), until_(until) {
    if (until == nullptr) {
      return;
    }
    valid_ =
        has_known_clock() && until->tv_nsec >= 0 && until->tv_nsec < runtime::Deadline::kSecond;
    deadline_ = !valid_ || until->tv_sec < 0
                    ? runtime::Deadline::at(0)
                    : runtime::Deadline::on_clock(clock, runtime::to_ns(*until));
  }
  [[nodiscard]] bool is_valid() const { return valid_; }
  [[nodiscard]] bool has_known_clock() const {
    return clock_ == CLOCK_REALTIME || clock_ == CLOCK_MONOTONIC;
  }
  [[nodiscard]] runtime::Deadline deadline() const { return deadline_; }

  /// As the call was given them, for libc's own.
  [[nodiscard]] clockid_t clock() const { return clock_; }
  [[nodiscard]] const timespec* until() const { return until_; }

 private:
  clockid_t clock_;
  const timespec* until_;
  bool valid_ = true;
  runtime::Deadline deadline_;
};

}  // namespace weft::hooks
