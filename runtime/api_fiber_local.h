// api_fiber_local.h: the end of a fiber's weft::fiber_local values.
//
// Layer:  runtime.
#pragma once
#include "runtime/fiber.h"

namespace weft::detail {

/// Destroys the values that the running fiber keeps in Fiber::locals. Runs the program's code, and
/// so may park.
void destroy_locals(runtime::Fiber& fiber);

}  // namespace weft::detail
