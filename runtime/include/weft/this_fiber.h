// weft/this_fiber.h: what the running code can ask and do about its own fiber.
//
// Layer:  runtime, public.      See also: weft/fiber.h, weft/sleep.h.
#pragma once
#include <weft/sleep.h>

#include <chrono>
#include <cstdint>

namespace weft {

/// Lets the other ready fibers of this thread run once each, then goes on.
///
/// Errors:   none. Off a fiber it gives up the CPU as sched_yield(2) does.
/// Threads:  callable from any thread.
/// Promise:  every fiber that is ready now runs before this one goes on.
/// Source:   gevent.sleep(0); std::this_thread::yield().
///
///     while (!done) weft::yield();
void yield();

namespace this_fiber {

/// Whether the calling code runs on a fiber, and so waits without holding its thread.
///
/// Threads:  callable from any thread. True on a thread's main fiber: the code that spawned first.
/// Source:   weft's own.
///
///     if (!weft::this_fiber::on_fiber()) run_blocking();
bool on_fiber();

/// The number of the calling fiber: unique in the process and never used again. 0 off a fiber.
///
/// Threads:  callable from any thread.
/// Source:   std::this_thread::get_id().
///
///     log("fiber ", weft::this_fiber::id());
std::uint64_t id();

/// The name of the calling fiber, "main" on a main fiber. Empty if it has none, and off a fiber.
///
/// Threads:  callable from any thread. The text lives as long as the fiber.
/// Source:   pthread_getname_np(3).
///
///     log(weft::this_fiber::name());
const char* name();

/// weft::yield(), by the name that it has in std::this_thread.
inline void yield() { weft::yield(); }

/// weft::sleep(), by the name that it has in std::this_thread.
template <class Rep, class Period>
void sleep_for(const std::chrono::duration<Rep, Period>& duration) {
  weft::sleep(duration);
}

/// weft::sleep_until(), by the name that it has in std::this_thread.
template <class Clock, class Duration>
void sleep_until(const std::chrono::time_point<Clock, Duration>& moment) {
  weft::sleep_until(moment);
}

}  // namespace this_fiber
}  // namespace weft
