// block.h: calls that hold their kernel thread while they wait.
//
// Layer:  hooks.      See also: hooks/unannounced.h.
#pragma once
#include "runtime/scheduler.h"

namespace weft::hooks {

/// Meanwhile a signal for the fiber goes to its kernel thread, which alone can end the call.
class Blocking {
 public:
  explicit Blocking(runtime::Fiber& self) : self_(self) { self_.is_blocking = true; }
  ~Blocking() { self_.is_blocking = false; }
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;

 private:
  runtime::Fiber& self_;
};

/// Calls what may block this kernel thread. The other fibers go on without it.
template <class Call>
auto block(Call call) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    return call();
  }
  self->scheduler->hand_off_own();
  const Blocking blocking(*self);
  return call();
}

}  // namespace weft::hooks
