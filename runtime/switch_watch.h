// switch_watch.h: who looks on when fibers are entered and left: cpu_time.h, and
// weft::AssertYields.
//
// Layer:  runtime.
#pragma once
#include <weft/detail/switch_watch.h>

#include <atomic>

#include "runtime/fiber.h"

namespace weft::runtime::switch_watch {

/// How many do. Nobody, as a rule: a switch then costs a look at this, and no more.
inline constinit std::atomic<int> watchers{0};

/// A fiber is entered, or left, on this kernel thread.
void enter(Fiber& fiber);
void leave(Fiber& fiber);

/// The running fiber would have let others run, had there been any.
void gave_turn(Fiber& self);
/// The others run elsewhere until the running fiber is next entered.
void stands_aside(Fiber& self);

/// The running fiber is watched from now on, and no more.
void add(Fiber& self, detail::SwitchWatch& watch);
void remove(Fiber& self, const detail::SwitchWatch& watch);

/// In a fork's child: who is watched there is the forker, if it is a fiber.
void after_fork_in_child(const Fiber* self);

/// Nanoseconds since the running fiber was entered, or the watch began.
std::int64_t stretch_ns(const detail::SwitchWatch& watch);

}  // namespace weft::runtime::switch_watch
