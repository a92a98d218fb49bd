// weft/introspection.h: which fibers there are, and what each of them waits for.
//
// Layer:  runtime, public.      See also: weft/this_fiber.h; `weft dump`, which says the same from
// outside.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft {

/// One fiber, as it was when somebody looked.
struct FiberInfo {
  std::uint64_t id;         ///< As this_fiber::id() in it.
  std::uint64_t parent_id;  ///< As this_fiber::parent_id() in it.
  std::string name;         ///< As this_fiber::name() in it; "main" of a main fiber.
  std::string state;  ///< "runs", "is ready", or what it waits for: "waits to read descriptor 3".
};

/// The fibers of the caller's scheduler that have not ended, oldest first. Off a fiber: of the
/// process's, if it has one.
///
/// Threads:  any.
/// Promise:  a snapshot: the others may run on meanwhile, and those that start are left out.
/// Source:   gevent.util.GreenletTree; asyncio.all_tasks(); threading.enumerate().
///
///     for (const weft::FiberInfo& fiber : weft::all_fibers()) log(fiber.id, fiber.state);
std::vector<FiberInfo> all_fibers();

/// How many fibers all_fibers() would tell of.
///
/// Threads:  any.
/// Source:   threading.active_count().
///
///     log(weft::active_count(), " fibers");
std::size_t active_count();

/// The id of the main fiber of the caller's scheduler; 0 if that has none.
///
/// Threads:  any.
/// Source:   threading.main_thread().
///
///     bool is_main = weft::this_fiber::id() == weft::main_fiber();
std::uint64_t main_fiber();

/// What `weft dump` prints: a line for each fiber, and one for each circle of fibers that wait for
/// each other. Empty if the caller has no scheduler.
///
/// Threads, Promise: as all_fibers().
/// Source:   gevent.util.format_run_info().
///
///     log(weft::format_run_info());
std::string format_run_info();

/// Writes format_run_info() to standard error.
///
/// Threads:  any.
/// Promise:  the calling kernel thread waits if whoever reads standard error is slow.
/// Source:   gevent.util.print_run_info().
///
///     if (is_late) weft::print_run_info();
void print_run_info();

}  // namespace weft
