// api_kill.h: what is left of a fiber's killers when it has ended.
//
// Layer:  runtime.
#pragma once
#include "runtime/fiber.h"

namespace weft::detail {

/// Destroys what was thrown into a fiber and never met a wait. Nobody can throw any more.
void drop_thrown(runtime::Fiber& fiber);

}  // namespace weft::detail
