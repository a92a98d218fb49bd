// weft/wait_for_others.h: wait until no other fiber is left.
//
// Layer:  runtime, public.      See also: weft/wait.h, weft/run_main.h.
#pragma once
#include <weft/detail/time.h>

#include <chrono>
#include <cstdint>

namespace weft {
namespace detail {

/// False if there are others by the deadline.
bool wait_for_others(std::int64_t deadline);

}  // namespace detail

/// Waits until all other fibers of the caller's scheduler have ended, those spawned meanwhile
/// included. It waits for no background fiber (SpawnOptions::background), nor for a main fiber, nor
/// for those that wait here themselves.
///
/// Errors:   throws FiberExit or TimeoutError when the waiting fiber is killed or out of time;
///           WouldBlockForever in a main fiber when nothing can ever wake any of the others.
/// Threads:  any. Off a fiber it returns at once: such a thread has no fibers.
/// Promise:  what a fiber has done is seen when this returns: it is out of its callable, and its
///           thread_local objects are destroyed.
/// Source:   gevent.wait() without arguments; gevent.hub.Hub.join().
///
///     for (auto& url : urls) weft::spawn(fetch, url);
///     weft::wait();
inline void wait() { detail::wait_for_others(detail::kNever); }

/// As wait(), for at most `timeout` (any std::chrono duration). False if there are others by then.
///
///     if (!weft::wait(10s)) weft::print_run_info();
template <class Rep, class Period>
bool wait(const std::chrono::duration<Rep, Period>& timeout) {
  return detail::wait_for_others(detail::deadline_after(timeout));
}

}  // namespace weft
