// intervals.h: waiting for a lock that only the kernel or another process can tell us about.
//
// Layer:  hooks.
#pragma once
#include <algorithm>
#include <cerrno>
#include <chrono>

#include "hooks/time_point.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks::sync {

/// Lets others run for `length`: a fiber parks, a kernel thread sleeps.
inline void rest(std::chrono::nanoseconds length, runtime::Deadline deadline) {
  if (runtime::current() != nullptr) {
    runtime::park_until(std::min(deadline, runtime::Deadline::after(length)));
    return;
  }
  const timespec duration = runtime::Deadline::at(length.count()).to_timespec();
  runtime::sys::call(SYS_nanosleep, &duration, nullptr);
}

/// Calls attempt() at growing intervals until it returns something other than `busy`, or the time
/// is up (ETIMEDOUT).
template <class Attempt>
int try_at_intervals(const TimePoint& until, int busy, Attempt attempt) {
  std::chrono::microseconds pause(20);
  constexpr std::chrono::microseconds kLongest(2'000);
  for (;;) {
    const int result = attempt();
    if (result != busy) {
      return result;
    }
    if (!until.is_valid()) {
      return EINVAL;
    }
    if (until.deadline().passed()) {
      return ETIMEDOUT;
    }
    rest(pause, until.deadline());
    pause = std::min(pause * 2, kLongest);
  }
}

}  // namespace weft::hooks::sync
