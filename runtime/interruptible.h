// interruptible.h: waits that a signal for the fiber, or its cancellation, can end.
//
// Layer:  runtime.
//
// Who calls a fiber stores the reason, then `interrupted`, and unparks. Who waits clears
// `interrupted` if it is set, and then looks for a reason. If `interrupted` was not set it is not
// touched, so what the other stores there is not lost; if it was, clearing it is a full barrier,
// and the reason is seen. Both are sequentially consistent.
#pragma once
#include "runtime/fiber.h"
#include "runtime/fiber_signals.h"

namespace weft::runtime {

/// One wait of the running fiber. `interruptible`: handlers and cancellation end it for good. If
/// not, the caller waits again once the handlers have run, and only asynchronous cancellation
/// counts.
class Interruptible {
 public:
  Interruptible(Fiber& self, bool interruptible) : self_(self), interruptible_(interruptible) {
    if (self_.interrupted.load(std::memory_order_seq_cst)) {
      self_.interrupted.exchange(false);
    }
    if (must_cancel_at_once(self) || fiber_signals::can_run(self) ||
        self.unknown_handler_ran.load(std::memory_order_relaxed) ||
        self.handlers_run.load(std::memory_order_relaxed) != fiber_signals::HandlersRun::kNone ||
        (interruptible_ && must_cancel(self))) {
      self_.interrupted.store(true, std::memory_order_relaxed);
    }
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  ~Interruptible() = default;

  /// Whether it has been ended: then the caller, once it waits no more, runs the handlers or lets
  /// its cancellation act. True once.
  [[nodiscard]] bool has_ended() {
    return self_.interrupted.load(std::memory_order_relaxed) && self_.interrupted.exchange(false);
  }

 private:
  Fiber& self_;
  bool interruptible_;
};

/// Ends the fiber's wait, if it is in one that can be ended. Threads: any; async-signal-safe.
void interrupt(Fiber& fiber);

}  // namespace weft::runtime
