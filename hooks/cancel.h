// cancel.h: pthread_cancel and fibers.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Cancellation").
#pragma once
#include <pthread.h>

#include "runtime/context.h"
#include "runtime/fiber.h"

namespace weft::hooks {

/// Acts on a pthread_cancel that the running fiber has let come so far. Unwinds: nothing of the
/// caller may need more than its destructors. A cancellation point calls it on entry, and when its
/// wait has ended.
inline void test_cancel() {
  const runtime::Fiber* const self = runtime::current();
  if (self != nullptr && self->cancelled.load(std::memory_order_relaxed)) {
    ::pthread_testcancel();
  }
}

}  // namespace weft::hooks
