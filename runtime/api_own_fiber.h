// api_own_fiber.h: the running code as a fiber, for what belongs to one.
//
// Layer:  runtime.
#pragma once

namespace weft::runtime {
class Scheduler;
struct Fiber;
}  // namespace weft::runtime

namespace weft::detail {

/// The scheduler of the calling thread, started if need be; if it can't, throws std::system_error
/// (EAGAIN) in the name of `what`.
runtime::Scheduler& own_scheduler(const char* what);

/// The running fiber. A thread without fibers becomes a main fiber; if it can't, throws
/// std::system_error (EAGAIN, EPERM) in the name of `what`.
runtime::Fiber& own_fiber(const char* what);

}  // namespace weft::detail
