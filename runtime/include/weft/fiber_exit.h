// weft/fiber_exit.h: what AnyFiber::kill() throws into a fiber.
//
// Layer:  runtime, public.      See also: weft/fiber.h.
#pragma once

namespace weft {

/// Ends a fiber from outside: thrown by the wait that the fiber is in, or by its next one. Derived
/// from nothing, so that `catch (const std::exception&)` lets it pass.
///
/// Promise:  a fiber that ends by it has not failed: it is no unhandled exception, and
///           AnyFiber::successful() is true. Whoever wants its value gets this exception in turn.
///           A fiber may catch it, clean up, and go on living.
/// Source:   gevent.GreenletExit.
///
///     catch (const weft::FiberExit&) { rollback(); throw; }
struct FiberExit {};

}  // namespace weft
