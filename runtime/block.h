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

/// Calls what may block this kernel thread. The other fibers go on without it at once.
template <class Call>
auto block(Call call) {
  Fiber* const self = current();
  if (self == nullptr) {
    return call();
  }
  self->scheduler->hand_off_own();
  const Blocking blocking(*self);
  return call();
}

}  // namespace weft::runtime
