// api_task.h: fibers of the API, among those that hooks have made.
//
// Layer:  runtime.
#pragma once
#include <weft/detail/task.h>

#include "runtime/fiber.h"

namespace weft::detail {

/// What the running fiber executes, as long as it holds a reference to that. Null if it is a main
/// fiber, or a thread of the program.
Task* task_of(const runtime::Fiber& self);

}  // namespace weft::detail
