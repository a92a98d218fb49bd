#include <cxxabi.h>
#include <weft/detail/cut_short.h>
#include <weft/fiber.h>
#include <weft/sleep.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "runtime/api_background.h"
#include "runtime/api_error.h"
#include "runtime/api_fiber_local.h"
#include "runtime/api_kill.h"
#include "runtime/api_link.h"
#include "runtime/api_own_fiber.h"
#include "runtime/api_task.h"
#include "runtime/api_unhandled.h"
#include "runtime/api_wait.h"
#include "runtime/own_tls.h"
#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"
#include "runtime/stack.h"
#include "runtime/tcb.h"

namespace weft::detail {
namespace {

namespace lot = runtime::lot;

void execute(Task& task) {
  if (task.starts_at != 0) {
    sleep_until(task.starts_at);
  }
  auto stage = Task::Stage::kWaits;
  if (!compare_exchange(task.stage, stage, Task::Stage::kStarted, std::memory_order_seq_cst)) {
    throw_called_off();  // killed before it started
  }
  try {
    task.execute();
  } catch (const std::exception&) {
    throw_if_cut_short();  // it is what a library's error became that a kill has caused
    throw;
  }
}

void run(Task& task) {
  try {
    execute(task);
  } catch (abi::__forced_unwind&) {
    throw;  // glibc ends a thread so, and aborts when somebody stops it
  } catch (const FiberExit&) {
    task.was_killed = true;
    task.error = std::current_exception();
  } catch (...) {
    task.error = std::current_exception();
  }
  if (task.stage.load() == Task::Stage::kSkipped) {
    task.drop();
  }
}

// Not inlined, like all that may touch TLS near a switch.
[[gnu::noinline]] void publish(Task* task) {
  task->ended.store(1, std::memory_order_release);
  lot::unpark(&task->ended, lot::kAll);
  run_links(*task, Links::kAll);
  task->release();
}

void fiber_main(runtime::Fiber* self) {
  auto* task = static_cast<Task*>(self->argument);
  if (self->own_tls) {
    runtime::tcb::on_start();
  }
  run(*task);
  run_links(*task, Links::kPlain);
  if (self->is_background) {
    remove_background(*task);
  }
  if (task->has_one_owner() && task->links.load(std::memory_order_relaxed) == nullptr) {
    // Nobody will ask: its result goes while the fiber still is all that it was.
    self->argument = nullptr;
    task->release();
    task = nullptr;
  }
  destroy_locals(*self);
  if (self->own_tls) {
    runtime::tcb::on_exit(runtime::lock_owner(*self));
  }
  if (task != nullptr) {
    self->argument = nullptr;
    publish(task);
  }
  drop_thrown(*self);
  runtime::Scheduler::end_current();
}

}  // namespace

Task* task_of(const runtime::Fiber& self) {
  return self.run == fiber_main ? static_cast<Task*>(self.argument) : nullptr;
}

Task::~Task() {
  if (error != nullptr && !was_killed && !fetched.load(std::memory_order_relaxed)) {
    handle({.fiber = id, .name = name, .error = error});
  }
}

void start(Task* task, const StartOptions& options) {
  constexpr std::size_t kLargest = runtime::StackSize::spacing(runtime::StackSize::kCount - 1) / 2;
  if (options.stack_bytes > kLargest) {
    throw_errno(ENOMEM, "weft::spawn: no stack is that large");
  }
  auto* const scheduler = options.scheduler != nullptr
                              ? static_cast<runtime::Scheduler*>(options.scheduler)
                              : &own_scheduler("weft::spawn");
  if (options.own_tls == false && scheduler->has_migration()) {
    throw_errno(
        EINVAL,
        "weft::spawn: fibers of this scheduler change kernel threads, so they can't share a "
        "thread's TLS: leave out own_tls = false");
  }
  if (options.own_tls == true) {
    if (const char* const refusal = runtime::own_tls_refusal()) {
      throw_errno(ENOTSUP, refusal);
    }
  }
  std::strncpy(task->name, options.name, sizeof task->name - 1);
  task->retain();
  runtime::Fiber* const fiber = scheduler->spawn_held({.stack_bytes = options.stack_bytes,
                                                       .own_tls = options.own_tls == true,
                                                       .detached = true,
                                                       .background = options.background,
                                                       .name = options.name},
                                                      fiber_main, task);
  if (fiber == nullptr) {
    task->release();
    throw_errno(ENOMEM, "weft::spawn: no memory for another fiber's stack");
  }
  task->id = fiber->id;
  task->parent_id = fiber->parent_id;
  task->fiber = fiber;
  fiber->thrown_guard = &task->ended;
  if (options.delay.count() > 0) {
    task->starts_at = deadline_after(options.delay);
  }
  if (options.background) {
    add_background(*task);
  }
  scheduler->release(fiber);
}

bool join(const Task* task, std::int64_t deadline) {
  if (task == nullptr) {
    throw_errno(EINVAL, "weft::Fiber::join: a handle of no fiber");
  }
  const runtime::Fiber* const self = runtime::current();
  if (self != nullptr && self->id == task->id) {
    throw_errno(EDEADLK, "weft::Fiber::join: a fiber would wait for itself");
  }
  return wait_until_over(
      &task->ended, [task] { return task->has_ended(); }, deadline, "weft::Fiber::join");
}

std::exception_ptr fetch_error(Task& task) {
  task.fetched.store(true, std::memory_order_relaxed);
  return task.error;
}

WaitPoint end_of(const Task* task) {
  if (task == nullptr) {
    throw_errno(EINVAL, "weft::wait: a handle of no fiber");
  }
  return {&task->ended, task,
          [](const void* it) { return !static_cast<const Task*>(it)->has_ended(); }};
}

void fetch(Task* task) {
  join(task, kNever);
  if (const std::exception_ptr error = fetch_error(*task)) {
    std::rethrow_exception(error);
  }
}

}  // namespace weft::detail
