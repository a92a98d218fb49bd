// weft/this_fiber.h: what the running code can ask and do about its own fiber.
//
// Layer:  runtime, public.      See also: weft/fiber.h, weft/sleep.h.
#pragma once
#include <weft/any_fiber.h>
#include <weft/sleep.h>

#include <chrono>
#include <cstdint>
#include <string>

/// Blocking code on green threads.
namespace weft {

/// Lets the other ready fibers of this thread run once each, then goes on.
///
/// Errors:   on fibers it may throw: see AnyFiber::kill() and Timeout. Off them it gives up the CPU
///           as sched_yield(2) does.
/// Threads:  callable from any thread.
/// Promise:  every fiber that is ready now runs before this one goes on.
/// Source:   gevent.sleep(0); std::this_thread::yield().
///
///     while (!done) weft::yield();
void yield();

/// What the running code asks and does about its own fiber.
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
/// Threads:  callable from any thread.
/// Source:   pthread_getname_np(3).
///
///     log(weft::this_fiber::name());
std::string name();

/// Gives the calling fiber another name, of which 15 characters are kept. Reports go on calling a
/// main fiber "main". Off a fiber it does nothing.
///
/// Threads:  callable from any thread.
/// Source:   pthread_setname_np(3); threading.current_thread().name.
///
///     weft::this_fiber::set_name("idle");
void set_name(const std::string& name);

/// The number of the fiber that has spawned the calling one, whether or not that has ended. 0 if
/// none has: on a main fiber, for what a thread without fibers has spawned, and off a fiber.
///
/// Threads:  callable from any thread.
/// Source:   gevent.Greenlet.spawning_greenlet.
///
///     log("spawned by fiber ", weft::this_fiber::parent_id());
std::uint64_t parent_id();

/// A handle of the calling fiber. One of no fiber where weft::spawn() and its kin have not made it:
/// on a main fiber, in a thread of a program under `weft run`, and off a fiber. In destructors of
/// thread_local objects, too, if there was no other handle.
///
/// Threads:  callable from any thread. As long as there is a handle, whoever ends by an exception
///           may still be asked for it: it is unhandled only then.
/// Source:   gevent.getcurrent(); asyncio.current_task().
///
///     registry.add(weft::this_fiber::get());
AnyFiber get();

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
