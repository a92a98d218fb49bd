#include "runtime/api_kill.h"

#include <weft/detail/task.h>

#include <cerrno>
#include <memory>

#include "runtime/api_error.h"
#include "runtime/call_off.h"
#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"

namespace weft::detail {

namespace call_off = runtime::call_off;

bool throw_into(Task* task, const std::exception_ptr& error) {
  if (task == nullptr) {
    throw_errno(EINVAL, "weft::Fiber::kill: a handle of no fiber");
  }
  const runtime::Fiber* const self = runtime::current();
  if (self != nullptr && self->id == task->id) {
    std::rethrow_exception(error);
  }
  auto thrown = std::make_unique<runtime::Thrown>();
  thrown->error = error;
  // Under the lock behind which the fiber ends: until then it is the task's.
  const runtime::SpinGuard hold(runtime::lot::bucket_of(&task->ended).lock);
  if (!task->has_ended()) {
    call_off::throw_into(*static_cast<runtime::Fiber*>(task->fiber), std::move(thrown));
    auto stage = Task::Stage::kWaits;
    task->stage.compare_exchange_strong(stage, Task::Stage::kSkipped);
  }
  return task->stage.load() == Task::Stage::kSkipped;
}

void drop_thrown(runtime::Fiber& fiber) {
  while (fiber.is_called_off.load(std::memory_order_relaxed)) {
    call_off::take(fiber);
  }
}

}  // namespace weft::detail
