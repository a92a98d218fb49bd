// cpu_time.h: how much CPU time a fiber has used.
//
// Layer:  runtime.
//
// The kernel counts for kernel threads. From the first question on each switch costs a system call:
// what the kernel thread has used since is the fiber's that leaves it. Time from before the first
// question is nobody's.
#pragma once
#include <cstdint>

#include "runtime/fiber.h"

namespace weft::runtime::cpu_time {

inline constinit std::atomic<bool> is_kept{false};

/// Begins to count, for all fibers of a scheduler. Threads: any.
void keep(Scheduler& scheduler);

/// Nanoseconds that the fiber has used since keep(). Threads: any.
std::int64_t used_ns(const Fiber& fiber);

/// A fiber is entered, or left, on this kernel thread.
void enter(Fiber& fiber);
void leave(Fiber& fiber);

}  // namespace weft::runtime::cpu_time
