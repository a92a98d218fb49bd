// block.h: a call that may block its kernel thread, while the other fibers go on without it.
//
// Layer:  runtime.      See also: monitor.h, runtime/DESIGN.md ("Handoff").
#pragma once
#include "runtime/scheduler.h"

namespace weft::runtime {

/// Meanwhile a signal for the fiber goes to its kernel thread, which alone can end the call.
class Blocking {
 public:
  explicit Blocking(Fiber& self) : self_(self) { self_.is_blocking = true; }
  ~Blocking() { self_.is_blocking = false; }
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;

 private:
  Fiber& self_;
};

/// A fiber waits for another kernel thread, or for what another process does: then time is real, if
/// the run is seeded.
class OutsideWait {
 public:
  explicit OutsideWait(Fiber& self) : self_(self), before_(self.outside_waits) {
    set(self_, before_ + 1);
  }
  ~OutsideWait() { set(self_, before_); }
  OutsideWait(const OutsideWait&) = delete;
  OutsideWait& operator=(const OutsideWait&) = delete;

  /// The fiber has left them by a jump, or so it seems: one that it still is in ends well, too.
  static void leave_all(Fiber& self) { set(self, 0); }

 private:
  static void set(Fiber& self, int count) {
    self.scheduler->count_outside_wait(count - self.outside_waits);
    self.outside_waits = count;
  }
  Fiber& self_;
  const int before_;
};

/// Calls what may block this kernel thread. The other fibers go on without it at once.
template <class Call>
auto block(Call call) {
  Fiber* const self = current();
  if (self == nullptr) {
    return call();
  }
  const OutsideWait outside(*self);
  self->scheduler->hand_off_own();
  const Blocking blocking(*self);
  return call();
}

}  // namespace weft::runtime
