// thread.h: pthread_t and fibers.
//
// Layer:  hooks.
#pragma once
#include <pthread.h>

#include "runtime/context.h"
#include "runtime/fiber.h"

namespace weft::hooks {

/// The fiber behind a thread handle; null if a kernel thread is.
inline runtime::Fiber* fiber_of(pthread_t thread) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): for glibc a handle is the address of the control
  // block
  return runtime::fiber_of_thread(reinterpret_cast<const void*>(thread));
}

/// As fiber_of, and the main thread's fiber for the main thread, whose control block is libc's own.
runtime::Fiber* any_fiber_of(pthread_t thread);

/// Acts on a pthread_cancel that the running fiber has let come so far. Unwinds: nothing of the
/// caller may need more than its destructors. Call it before and after a park at a cancellation
/// point.
inline void test_cancel() {
  const runtime::Fiber* const self = runtime::current();
  if (self != nullptr && self->cancelled.load(std::memory_order_relaxed)) {
    ::pthread_testcancel();
  }
}

/// What identifies the caller as an owner of locks: as glibc's tid, and never that of another
/// fiber.
pid_t self_id();

/// In a fork's child: this kernel thread has another id.
void forget_self_id();

/// Whether threads of the program can be fibers. If not, says why once on standard error.
bool threads_can_be_fibers();

}  // namespace weft::hooks
