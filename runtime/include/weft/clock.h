// weft/clock.h: the clock that the API's waits go by.
//
// Layer:  runtime, public.      See also: weft/sleep.h, weft/seed.h.
#pragma once
#include <chrono>
#include <cstdint>

namespace weft {

/// std::chrono::steady_clock, and in a seeded run its virtual time, in which sleeps take no time.
/// Code that measures its own waits, or computes moments to wait until, does so by this one.
///
/// Units:    nanoseconds.
/// Threads:  any.
/// Promise:  never goes back in one fiber. Moments of fibers of different schedulers are not to be
///           compared if one of them is seeded.
/// Source:   asyncio's loop.time(); std::chrono::steady_clock.
///
///     const auto end = weft::Clock::now() + 2s;
struct Clock {
  using duration = std::chrono::nanoseconds;          ///< what two moments are apart
  using rep = duration::rep;                          ///< counts nanoseconds
  using period = duration::period;                    ///< std::nano
  using time_point = std::chrono::time_point<Clock>;  ///< a moment
  static constexpr bool is_steady = true;             ///< nobody sets it

  /// What time it is for the caller.
  static time_point now() noexcept;
};

}  // namespace weft
