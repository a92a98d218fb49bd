#include "runtime/api_background.h"

#include <weft/fiber_exit.h>

#include <exception>

#include "runtime/fiber.h"
#include "runtime/spin_lock.h"

namespace weft::detail {
namespace {

// A task is in it only as long as its fiber has a reference.
struct List {
  runtime::SpinLock lock;
  Task* head = nullptr;
};
constinit List list;

// One that nobody has told to end yet, with a reference. Null if there is none.
Task* take_untold(const runtime::Scheduler& scheduler) {
  const runtime::SpinGuard hold(list.lock);
  for (Task* task = list.head; task != nullptr; task = task->next_background) {
    if (!task->is_told_to_end &&
        static_cast<runtime::Fiber*>(task->fiber)->scheduler == &scheduler) {
      task->is_told_to_end = true;
      task->retain();
      return task;
    }
  }
  return nullptr;
}

}  // namespace

void add_background(Task& task) {
  const runtime::SpinGuard hold(list.lock);
  task.next_background = list.head;
  task.background_link = &list.head;
  if (list.head != nullptr) {
    list.head->background_link = &task.next_background;
  }
  list.head = &task;
}

void remove_background(Task& task) {
  const runtime::SpinGuard hold(list.lock);
  *task.background_link = task.next_background;
  if (task.next_background != nullptr) {
    task.next_background->background_link = task.background_link;
  }
}

// Those that begin meanwhile are spawned by one of these, or by their destructors.
void kill_background(const runtime::Scheduler& scheduler) {
  const std::exception_ptr exit = std::make_exception_ptr(FiberExit());
  while (Task* const task = take_untold(scheduler)) {
    throw_into(task, exit);
    task->release();
  }
}

}  // namespace weft::detail
