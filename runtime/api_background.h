// api_background.h: the fibers of the API that do not keep their scheduler from ending.
//
// Layer:  runtime.
#pragma once
#include <weft/detail/task.h>

namespace weft::runtime {
class Scheduler;
}  // namespace weft::runtime

namespace weft::detail {

/// From before its fiber runs until that is out of its callable.
void add_background(Task& task);
void remove_background(Task& task);

/// Throws FiberExit into those of the scheduler. Does not wait.
void kill_background(const runtime::Scheduler& scheduler);

}  // namespace weft::detail
