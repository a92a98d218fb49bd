// weft/offload.h: one call on another kernel thread.
//
// Layer:  runtime, public.      See also: weft/thread_pool.h, weft/blocking.h.
#pragma once
#include <weft/detail/shielded.h>
#include <weft/thread_pool.h>

#include <concepts>
#include <functional>
#include <utility>

namespace weft {

/// Calls `f()` on a thread of the default ThreadPool, and returns what it returns. Only the caller
/// waits, the other fibers go on.
///
/// Errors:   what `f` throws; as ThreadPool.
/// Threads:  any, fiber or not. `f` runs on no fiber, on a stack of 256 KiB, with the thread_local
///           objects of that thread; weft::blocking() runs it where it is, at the cost of a thread
///           for as long as it lasts. At most 10 run at a time, the others wait in line: for calls
///           that block for long, or for each other, take blocking() or a ThreadPool of their own.
/// Promise:  it returns when `f` has: the caller may be killed or out of time only behind that. So
///           `f` may refer to the caller's variables. Who must not wait so long uses
///           ThreadPool::submit().
/// Source:   gevent.get_hub().threadpool.apply(f); asyncio.to_thread().
///
///     auto host = weft::offload([&] { return gethostbyname(name); });
template <std::invocable F>
auto offload(F&& f) {
  const detail::Shielded shielded;
  return default_thread_pool().apply([&f] { return std::invoke(std::forward<F>(f)); });
}

}  // namespace weft
