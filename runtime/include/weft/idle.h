// weft/idle.h: work for when there is nothing else to do.
//
// Layer:  runtime, public.      See also: weft/this_fiber.h.
#pragma once

namespace weft {

/// Suspends the calling fiber until a kernel thread of its scheduler would sleep: no fiber is
/// ready, and the kernel has no event for any.
///
/// Errors:   FiberExit or TimeoutError when the fiber is killed or out of time.
/// Threads:  callable from any thread. Off a fiber it is weft::yield().
/// Promise:  of several that wait so, the oldest goes first, and the others if there still is
///           nothing else. On a scheduler that is never idle it never returns.
/// Source:   gevent.idle().
///
///     for (auto& page : cache) { weft::idle(); compress(page); }
void idle();

}  // namespace weft
