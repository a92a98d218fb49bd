// weft/seed.h: runs whose order is a function of a number, to find races in tests, and to find them
// again.
//
// Layer:  runtime, public.      See also: weft/run_main.h, weft/clock.h, runtime/DESIGN.md ("Seeded
// runs").
#pragma once
#include <cstdint>
#include <optional>

namespace weft {

/// The seed of the calling fiber's scheduler; nothing if it has none.
///
/// A scheduler has a seed if the environment variable WEFT_SEED or `weft run --seed` gives one to
/// all of the process, or MainOptions::seed or Scheduler::seed to one. Then it runs on one kernel
/// thread; which of the ready fibers comes next is thrown by dice that start from the seed; and
/// time is virtual: when no fiber is ready the clock jumps to the next deadline. The same seed
/// gives the same order, another seed another one. A wait for a descriptor, and for another kernel
/// thread in weft::blocking(), takes as long as it takes, and the clock with it; other kernel
/// threads, and what comes from outside of the process, come when they come. What a fiber does
/// between two waits nobody interrupts, as without a seed on one kernel thread.
///
/// Threads:  any. Off a fiber: nothing.
/// Source:   `go test -shuffle`; the deterministic simulations of FoundationDB.
///
///     SCOPED_TRACE("WEFT_SEED=" + std::to_string(weft::seed().value_or(0)));
std::optional<std::uint64_t> seed();

}  // namespace weft
