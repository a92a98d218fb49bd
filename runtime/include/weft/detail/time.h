// weft/detail/time.h: any duration as nanoseconds, without overflow. No part of the API.
//
// Layer:  runtime, public headers only.
#pragma once
#include <chrono>
#include <cstdint>
#include <limits>

namespace weft::detail {

/// A deadline: nanoseconds of CLOCK_MONOTONIC.
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// The duration in nanoseconds, rounded up: a wait must not end early. Negative ones are zero,
/// centuries are for ever.
template <class Rep, class Period>
constexpr std::chrono::nanoseconds saturated(const std::chrono::duration<Rep, Period>& duration) {
  const std::chrono::duration<long double, std::nano> wide = duration;
  if (wide.count() >= static_cast<long double>(kNever)) {
    return std::chrono::nanoseconds::max();
  }
  if (!(wide.count() > 0)) {  // NaN is none, too
    return std::chrono::nanoseconds::zero();
  }
  return std::chrono::ceil<std::chrono::nanoseconds>(duration);
}

/// The deadline `timeout` from now.
std::int64_t deadline_after(std::chrono::nanoseconds timeout);

template <class Rep, class Period>
std::int64_t deadline_after(const std::chrono::duration<Rep, Period>& timeout) {
  return deadline_after(saturated(timeout));
}

/// The deadline at which `Clock` shows `moment`, as the clocks stand now. steady_clock is
/// CLOCK_MONOTONIC.
template <class Clock, class Duration>
std::int64_t deadline_at(const std::chrono::time_point<Clock, Duration>& moment) {
  if constexpr (Clock::is_steady) {
    return saturated(moment.time_since_epoch()).count();
  } else {
    return deadline_after(saturated(moment - Clock::now()));
  }
}

}  // namespace weft::detail
