// weft/sleep.h: let time pass without holding the thread.
//
// Layer:  runtime, public.      See also: weft/this_fiber.h, runtime/DESIGN.md ("Time").
#pragma once
#include <weft/detail/time.h>

#include <chrono>

namespace weft {

/// Suspends the calling fiber for at least `duration`; other fibers run meanwhile.
///
/// Units:    any std::chrono duration, held as nanoseconds of CLOCK_MONOTONIC. Zero gives the
///           other ready fibers one turn; a negative duration counts as zero.
/// Errors:   on fibers it may throw: see AnyFiber::kill() and Timeout. Off them it blocks the
///           thread.
/// Threads:  callable from any thread; it suspends only its caller.
/// Promise:  never wakes early. How late depends on what else is ready to run.
/// Source:   gevent.sleep(); clock_nanosleep(2) with TIMER_ABSTIME.
///
///     weft::sleep(20ms);
void sleep(std::chrono::nanoseconds duration);
/// The same for durations of other units.
template <class Rep, class Period>
void sleep(const std::chrono::duration<Rep, Period>& duration) {
  sleep(detail::saturated(duration));
}

namespace detail {
void sleep_until(std::int64_t deadline);
}

/// Suspends the calling fiber until `Clock` shows `moment`; other fibers run meanwhile.
///
/// Units:    a time point of any clock. One in the past gives the other ready fibers one turn.
/// Errors:   on fibers it may throw: see AnyFiber::kill() and Timeout. Off them it blocks the
///           thread.
/// Threads:  callable from any thread; it suspends only its caller.
/// Promise:  never wakes before `Clock` shows `moment`, but in a seeded run (weft/seed.h). A clock
///           that is set forward during the sleep does not shorten it.
/// Source:   std::this_thread::sleep_until().
///
///     weft::sleep_until(std::chrono::steady_clock::now() + 20ms);
template <class Clock, class Duration>
void sleep_until(const std::chrono::time_point<Clock, Duration>& moment) {
  do {
    detail::sleep_until(detail::deadline_at(moment));
  } while (detail::is_real_time() && Clock::now() < moment);
}

}  // namespace weft
