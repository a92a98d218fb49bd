// cancel.h: what has come for the running fiber, and where it acts on it.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Cancellation", "Signals").
#pragma once
#include <pthread.h>

#include <cerrno>

#include "runtime/context.h"
#include "runtime/fiber.h"
#include "runtime/fiber_signals.h"

namespace weft::hooks {

using runtime::fiber_signals::HandlersRun;

/// Runs the handlers of signals that have come for the running fiber. When a wait has been
/// interrupted, and nothing of it is left.
inline HandlersRun run_handlers() {
  runtime::Fiber* const self = runtime::current();
  return self != nullptr ? runtime::fiber_signals::run_handlers(*self) : HandlersRun::kNone;
}

/// The same, and acts on a pthread_cancel that the running fiber has let come so far. Unwinds:
/// nothing of the caller may need more than its destructors.
inline HandlersRun act_on_calls() {
  const HandlersRun ran = run_handlers();
  const runtime::Fiber* const self = runtime::current();
  if (self != nullptr && self->cancelled.load(std::memory_order_relaxed)) {
    ::pthread_testcancel();
  }
  return ran;
}

/// Whether a wait that was interrupted fails with EINTR after those handlers ran. signal(7): one
/// with SA_RESTART lets it go on, unless it is bounded in time. Off a fiber the kernel knows that.
inline bool is_interrupted(HandlersRun ran, bool is_bounded) {
  return runtime::current() == nullptr || ran == HandlersRun::kInterrupting ||
         (ran == HandlersRun::kRestarting && is_bounded);
}

/// Whether a call of libc's that failed with EINTR goes on: what has interrupted it was a signal of
/// weft's own, which was for a fiber that has left this kernel thread. After test_cancel() or
/// begin_call().
inline bool goes_on_behind(int error) {
  const runtime::Fiber* const self = runtime::current();
  return error == EINTR && self != nullptr && self->handlers_run.load() == HandlersRun::kNone &&
         !self->unknown_handler_ran.load() && !self->cancelled.load();
}

/// On entry of a call that handlers can interrupt, and that is no cancellation point.
inline void begin_call() { run_handlers(); }

/// On entry of a cancellation point: acts on what has come before it. Handlers that run from here
/// on interrupt the call. Costs two loads and a store where nothing has come.
inline void test_cancel() {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    return;
  }
  if (self->pending_signals.load(std::memory_order_relaxed) != 0 ||
      self->cancelled.load(std::memory_order_relaxed)) {
    act_on_calls();
  }
  self->handlers_run.store(HandlersRun::kNone, std::memory_order_relaxed);
}

/// Whether a signal came in weft's own code, which may hold locks of its own. On a worker.
bool interrupts_weft(const void* context);
/// Whether it came between two fibers.
bool interrupts_switch(const void* context);

/// Where a program may loop without ever waiting: what has come acts.
inline void look_for_calls() {
  runtime::Fiber* const self = runtime::current();
  if (self != nullptr && self->called.load(std::memory_order_relaxed)) {
    run_handlers();
    if (runtime::must_cancel_at_once(*self)) {
      ::pthread_testcancel();
    }
  }
}

/// Has os::kCancelSignal handled by weft. Before the first is sent.
void handle_calls();
/// Whether it is. Before the first thread of a program under `weft run`, its fibers are those that
/// it has made with weft's API: their signals are the kernel's affair.
bool calls_are_handled();

}  // namespace weft::hooks
