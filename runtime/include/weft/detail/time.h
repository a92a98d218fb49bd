// weft/detail/time.h: any duration as nanoseconds, without overflow. No part of the API.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/clock.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

namespace weft::detail {

/// A deadline: nanoseconds of CLOCK_MONOTONIC, or in a seeded run of its virtual time.
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

/// Whether deadlines are on CLOCK_MONOTONIC for the caller.
bool is_real_time();

/// The deadline `timeout` from now.
std::int64_t deadline_after(std::chrono::nanoseconds timeout);

template <class Rep, class Period>
std::int64_t deadline_after(const std::chrono::duration<Rep, Period>& timeout) {
  return deadline_after(saturated(timeout));
}

/// The deadline `timeout` from now, if there is a timeout.
inline std::int64_t deadline_of(const std::optional<std::chrono::nanoseconds>& timeout) {
  return timeout ? deadline_after(*timeout) : kNever;
}

/// A deadline as the moment that it is, for calls that take one.
inline Clock::time_point moment_of(std::int64_t deadline) {
  return Clock::time_point(Clock::duration(deadline));
}

/// The deadline at which steady_clock, which is CLOCK_MONOTONIC, shows `moment`.
std::int64_t deadline_at_steady(std::chrono::nanoseconds moment);

/// The deadline at which `Clock` shows `moment`, as the clocks stand now.
template <class Clock, class Duration>
std::int64_t deadline_at(const std::chrono::time_point<Clock, Duration>& moment) {
  if constexpr (std::is_same_v<Clock, weft::Clock>) {
    return saturated(moment.time_since_epoch()).count();
  } else if constexpr (Clock::is_steady) {
    return deadline_at_steady(saturated(moment.time_since_epoch()));
  } else {
    return deadline_after(saturated(moment - Clock::now()));
  }
}

}  // namespace weft::detail
