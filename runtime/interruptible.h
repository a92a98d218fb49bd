// interruptible.h: waits that a signal handler or a cancellation can end.
//
// Layer:  runtime.
//
// Who ends a wait stores its reason (`cancelled`), then looks at `interruptible`, and if it is set
// stores `interrupted` and unparks. Who waits clears `interrupted`, then sets `interruptible`, then
// looks for a reason. All are sequentially consistent, so one of them sees the other; and since
// `interrupted` is cleared before, what the other has stored there is not lost.
#pragma once
#include "runtime/fiber.h"

namespace weft::runtime {

/// One wait of the running fiber. Where it is not `interruptible`, asynchronous cancellation still
/// ends it.
class Interruptible {
 public:
  Interruptible(Fiber& self, bool interruptible) : self_(self), interruptible_(interruptible) {
    self_.interrupted.store(false, std::memory_order_relaxed);
    if (interruptible_ || is_cancellable_at_once(self)) {
      self_.interruptible.store(true, std::memory_order_seq_cst);
      if (has_reason()) {
        self_.interrupted.store(true, std::memory_order_relaxed);
      }
    }
  }
  ~Interruptible() { self_.interruptible.store(false, std::memory_order_relaxed); }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

  /// Whether it has been ended: then there was a handler, or the caller's cancellation point acts.
  /// True once.
  [[nodiscard]] bool has_ended() {
    return self_.interrupted.load(std::memory_order_relaxed) && self_.interrupted.exchange(false) &&
           (interruptible_ || must_cancel_at_once(self_));
  }

 private:
  [[nodiscard]] bool has_reason() const {
    return interruptible_ ? must_cancel(self_) : must_cancel_at_once(self_);
  }

  Fiber& self_;
  bool interruptible_;
};

/// Ends the fiber's wait, if it is in one that can be ended. Threads: any; async-signal-safe.
void interrupt(Fiber& fiber);

}  // namespace weft::runtime
