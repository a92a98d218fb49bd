// cpu_time.h: how much CPU time a fiber has used.
//
// Layer:  runtime.
//
// The kernel counts for kernel threads. From the first question on each switch costs a system call:
// what the kernel thread has used since is the fiber's that leaves it. Time from before the first
// question is nobody's.
#pragma once
#include <sys/types.h>

#include <cstdint>

#include "runtime/fiber.h"

namespace weft::runtime::cpu_time {

inline constinit std::atomic<bool> is_kept{false};

/// The clock of the CPU time of the thread with this id, as the kernel makes its number; and back.
constexpr clockid_t clock_of_thread(pid_t id) {
  constexpr unsigned kOfOneThread = 4;
  constexpr unsigned kScheduled = 2;
  return static_cast<clockid_t>(~static_cast<unsigned>(id) << 3 | kOfOneThread | kScheduled);
}
constexpr pid_t thread_of_clock(clockid_t clock) { return ~(clock >> 3); }

/// Begins to count, for all fibers of a scheduler. Threads: any.
void keep(Scheduler& scheduler);

/// Nanoseconds that the fiber has used since keep(); never less than what was told before.
/// Threads: any.
std::int64_t used_ns(Fiber& fiber);

/// A fiber is entered, or left, on this kernel thread.
void enter(Fiber& fiber);
void leave(Fiber& fiber);

/// The running fiber goes on in a forked child, whose clocks begin at zero.
void restart(Fiber& fiber);

}  // namespace weft::runtime::cpu_time
