// weft/unhandled.h: exceptions of fibers that nobody has fetched.
//
// Layer:  runtime, public.
#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <string_view>

namespace weft {

/// An exception that left a fiber's callable, and that nobody can fetch any more (Fiber::get): the
/// last handle has gone.
struct Unhandled {
  std::uint64_t fiber;       ///< its id, as this_fiber and `weft dump` have it
  std::string_view name;     ///< as long as the handler runs
  std::exception_ptr error;  ///< not null
};
/// What on_unhandled() takes.
using UnhandledHandler = std::function<void(const Unhandled&)>;

/// Has `handler` called for each of them, for the whole process, in place of the line on standard
/// error; nullptr brings the line back. Returns the handler before, nullptr for the line.
///
/// Errors:   what the handler throws is printed, beside the line for what it was called for.
/// Threads:  any, at any time. The handler runs where the last handle goes away, maybe in several
///           threads at once, and may wait as its caller may; calls that have begun may go on
///           with the handler before. A fiber has a handle of itself until it is out of its
///           callable: on other workers a moment longer than join() waits.
/// Promise:  each exception is handled once. Threads of a program under `weft run` are no API
///           fibers: what leaves them ends the process, as natively.
/// Source:   gevent.hub.Hub.handle_error.
///
///     weft::on_unhandled([](const weft::Unhandled& failed) { log(failed.name, failed.error); });
UnhandledHandler on_unhandled(UnhandledHandler handler);

}  // namespace weft
