// interruptible.h: waits that a signal for the fiber, or its cancellation, can end; and what others
// throw into it (call_off.h).
//
// Layer:  runtime.
//
// Who calls a fiber stores the reason, then `interrupted`, and unparks. Who waits clears
// `interrupted` if it is set, and then looks for a reason. If `interrupted` was not set it is not
// touched, so what the other stores there is not lost; if it was, clearing it is a full barrier,
// and the reason is seen. Both are sequentially consistent.
#pragma once
#include "runtime/call_off.h"
#include "runtime/fiber.h"
#include "runtime/fiber_signals.h"

namespace weft::runtime {

/// Ends the fiber's wait, if it is in one that can be ended. Threads: any; async-signal-safe.
void interrupt(Fiber& fiber);

/// One wait of the running fiber. `interruptible`: handlers and cancellation end it for good. If
/// not, the caller waits again once the handlers have run, and only asynchronous cancellation
/// counts. `cancellable`: what others throw into the fiber ends it for good.
class Interruptible {
 public:
  Interruptible(Fiber& self, bool interruptible, bool cancellable = false)
      : self_(self), interruptible_(interruptible), cancellable_(cancellable) {
    if (self_.interrupted.load(std::memory_order_seq_cst)) {
      self_.interrupted.exchange(false);
    }
    if (is_called_off()) {
      interrupt(self_);  // it shall not park at all
    } else if (must_cancel_at_once(self) || fiber_signals::can_run(self) ||
               self.unknown_handler_ran.load(std::memory_order_relaxed) ||
               self.handlers_run.load(std::memory_order_relaxed) !=
                   fiber_signals::HandlersRun::kNone ||
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

  /// Once it has been ended: whether by what was thrown into the fiber.
  [[nodiscard]] bool is_called_off() const { return cancellable_ && call_off::has_thrown(self_); }

 private:
  Fiber& self_;
  bool interruptible_;
  bool cancellable_;
};

}  // namespace weft::runtime
