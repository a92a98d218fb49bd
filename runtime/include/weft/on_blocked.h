// weft/on_blocked.h: be told of fibers that hold their kernel threads for too long.
//
// Layer:  runtime, public.      See also: weft/config.h, weft/blocking.h, weft/offload.h.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace weft {

/// A fiber that has held its kernel thread for longer than Config::max_blocking_time: it computes,
/// or waits in a call that weft knows nothing of.
struct Blocked {
  std::uint64_t fiber;             ///< its id, as this_fiber and `weft dump` have it
  std::string_view name;           ///< of the fiber, as long as the handler runs
  int kernel_thread;               ///< as `gdb` and `top -H` have it
  std::chrono::milliseconds held;  ///< for how long, at least, when it was looked at
  std::string_view where;          ///< "computes", "waits in fsync of libc.so.6 (system call
                                   ///< fsync)"; or empty: it has gone on
  std::uint64_t others;            ///< how many more were stuck since the last report
};
/// What on_blocked() takes.
using BlockedHandler = std::function<void(const Blocked&)>;

/// Has `handler` called for such fibers, for the whole process, in place of the line that
/// WEFT_MONITOR=1 has on standard error, and without WEFT_MONITOR, too; nullptr brings the line
/// back, or silence. Returns the handler before, nullptr for none.
///
/// Errors:   what the handler throws is printed.
/// Threads:  any, at any time. The handler runs on a kernel thread of weft's own, made for it, that
///           is no fiber, has a stack of 256 KiB and all signals blocked. It may block and
///           wait; if it needs what the fiber holds (a lock), it waits until the fiber goes on. A
///           call that has begun may go on with the handler before.
/// Promise:  one call at a time, and one a second at most: of the fiber that is stuck for longest,
///           at once and each time that it is ten times as long. Neither the handler itself is
///           reported nor what weft does. A fiber that is the only one of its scheduler holds up
///           nobody, and one in weft::blocking() says so: neither is reported. All schedulers are
///           watched; one that a thread has for itself, from the first fiber on that is spawned
///           while there is a handler, or WEFT_MONITOR=1.
/// Source:   gevent.events.EventLoopBlocked, gevent.config.max_blocking_time.
///
///     weft::on_blocked([](const weft::Blocked& stuck) { log(stuck.name, stuck.where); });
BlockedHandler on_blocked(BlockedHandler handler);

}  // namespace weft
