// time_point.h: a timed call's absolute end, on the clock that the call names.
//
// Layer:  hooks.
#pragma once
#include <time.h>

#include "runtime/deadline.h"

namespace weft::hooks {

/// `until` on `clock`; null: never. What is not a time (nanoseconds out of range, an unknown clock)
/// is invalid, and its deadline has passed: libc says EINVAL only where the call would have had to
/// wait.
class TimePoint {
 public:
  TimePoint(clockid_t clock, const timespec* until) {
    if (until == nullptr) {
      return;
    }
    valid_ = until->tv_nsec >= 0 && until->tv_nsec < runtime::Deadline::kSecond &&
             (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC);
    deadline_ = !valid_ || until->tv_sec < 0
                    ? runtime::Deadline::at(0)
                    : runtime::Deadline::on_clock(clock, runtime::to_ns(*until));
  }
  [[nodiscard]] bool is_valid() const { return valid_; }
  [[nodiscard]] runtime::Deadline deadline() const { return deadline_; }

 private:
  bool valid_ = true;
  runtime::Deadline deadline_;
};

}  // namespace weft::hooks
