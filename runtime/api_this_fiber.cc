#include <weft/any_fiber.h>
#include <weft/this_fiber.h>

#include <cerrno>
#include <cstring>

#include "runtime/api_error.h"
#include "runtime/api_task.h"
#include "runtime/scheduler.h"

namespace weft {
namespace detail {
namespace {

constinit runtime::SpinLock names_lock;  // of all tasks

}  // namespace

std::string name_of(const Task* task) {
  if (task == nullptr) {
    return "";
  }
  const runtime::SpinGuard hold(names_lock);
  return task->name;
}

void set_name(Task* task, const std::string& name) {
  if (task == nullptr) {
    throw_errno(EINVAL, "weft::Fiber::set_name: a handle of no fiber");
  }
  {
    const runtime::SpinGuard hold(names_lock);
    std::strncpy(task->name, name.c_str(), sizeof task->name - 1);
  }
  // Under the lock behind which the fiber ends: until then it is the task's.
  const runtime::SpinGuard hold(runtime::lot::bucket_of(&task->ended).lock);
  if (!task->has_ended()) {
    auto& fiber = *static_cast<runtime::Fiber*>(task->fiber);
    fiber.scheduler->rename(fiber, name.c_str());
  }
}

// Makes a handle of the running fiber.
struct Running {
  static AnyFiber fiber() {
    const runtime::Fiber* const self = runtime::current();
    Task* const task = self == nullptr ? nullptr : task_of(*self);
    if (task != nullptr) {
      task->retain();
    }
    return AnyFiber::of(task);
  }
};

}  // namespace detail

namespace this_fiber {

bool on_fiber() { return runtime::current() != nullptr; }

std::uint64_t id() {
  const runtime::Fiber* const self = runtime::current();
  return self == nullptr ? 0 : self->id;
}

std::uint64_t parent_id() {
  const runtime::Fiber* const self = runtime::current();
  return self == nullptr ? 0 : self->parent_id;
}

std::string name() {
  const runtime::Fiber* const self = runtime::current();
  return self == nullptr ? "" : self->scheduler->name_of(*self);
}

void set_name(const std::string& name) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    return;
  }
  if (detail::Task* const task = detail::task_of(*self)) {
    detail::set_name(task, name);
  } else {
    self->scheduler->rename(*self, name.c_str());
  }
}

AnyFiber get() { return detail::Running::fiber(); }

}  // namespace this_fiber
}  // namespace weft
