#include <cxxabi.h>
#include <weft/fiber.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "runtime/api_error.h"
#include "runtime/api_fiber_local.h"
#include "runtime/api_unhandled.h"
#include "runtime/own_tls.h"
#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"
#include "runtime/stack.h"
#include "runtime/tcb.h"

namespace weft::detail {
namespace {

namespace lot = runtime::lot;

void execute(Task& task) {
  try {
    task.execute();
  } catch (abi::__forced_unwind&) {
    throw;  // glibc ends a thread so, and aborts when somebody stops it
  } catch (...) {
    task.error = std::current_exception();
  }
}

// Not inlined, like all that may touch TLS near a switch.
[[gnu::noinline]] void publish(Task* task) {
  task->ended.store(1, std::memory_order_release);
  lot::unpark(&task->ended, lot::kAll);
  task->release();
}

void fiber_main(runtime::Fiber* self) {
  auto* task = static_cast<Task*>(self->argument);
  if (self->own_tls) {
    runtime::tcb::on_start();
  }
  execute(*task);
  if (task->has_one_owner()) {
    // Nobody will ask: its result goes while the fiber still is all that it was.
    task->release();
    task = nullptr;
  }
  destroy_locals(*self);
  if (self->own_tls) {
    runtime::tcb::on_exit(runtime::lock_owner(*self));
  }
  if (task != nullptr) {
    publish(task);
  }
  runtime::Scheduler::end_current();
}

}  // namespace

Task::~Task() {
  if (error != nullptr && !fetched.load(std::memory_order_relaxed)) {
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
                              : runtime::Scheduler::current_or_start();
  if (scheduler == nullptr) {
    throw_errno(EAGAIN, "weft::spawn: the thread's scheduler could not start");
  }
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
                                                       .name = options.name},
                                                      fiber_main, task);
  if (fiber == nullptr) {
    task->release();
    throw_errno(ENOMEM, "weft::spawn: no memory for another fiber's stack");
  }
  task->id = fiber->id;
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
  while (!task->has_ended()) {
    const lot::Woken woken =
        lot::park(&task->ended, [task] { return !task->has_ended(); },
                  {.deadline = runtime::Deadline::at(deadline), .hears_of_deadlock = true});
    if (woken == lot::Woken::kDeadlock) {
      throw_deadlock("weft::Fiber::join");
    }
    if (woken == lot::Woken::kTimedOut) {
      return task->has_ended();
    }
  }
  return true;
}

void fetch(Task* task) {
  join(task, kNever);
  task->fetched.store(true, std::memory_order_relaxed);
  if (task->error != nullptr) {
    std::rethrow_exception(task->error);
  }
}

}  // namespace weft::detail
