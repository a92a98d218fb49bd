// call_off.h: what ends a fiber's waits from outside of them: an exception that another fiber has
// thrown into it, and a limit of time that it has set itself.
//
// Layer:  runtime. weft::AnyFiber::kill() and weft::Timeout are made of it; interruptible.h ends
// the wait.
//
// A wait that is called off throws at the API (throw_called_off). One behind a C function can't: it
// fails with ECANCELED, and so does each that follows, until the fiber comes to a wait that throws.
//
// `thrown` is guarded by the parking lot's lock for the address `thrown_guard`: a fiber of the API
// ends behind that lock, so who throws knows under it that the fiber still is the one meant. Who
// throws adds to `thrown`, then stores `is_called_off`, then interrupts; the fiber takes from
// `thrown` under the same lock, and clears `is_called_off` there if that was the last. So the flag
// is set whenever there is something, and a wait that begins after throw_into() has returned does
// not sleep. A fiber that has been unparked does not hear of it before its next wait: no wake-up is
// lost.
#pragma once
#include <weft/detail/time_limit.h>

#include <cerrno>
#include <exception>
#include <memory>

#include "runtime/deadline.h"
#include "runtime/fiber.h"

namespace weft::runtime {

using detail::TimeLimit;

/// An exception on its way into a fiber.
struct Thrown {
  std::exception_ptr error;
  Thrown* next = nullptr;
};

namespace call_off {

/// Has the fiber's next wait, or the one that it is in, throw. Oldest first. The lock is held,
/// and the fiber has not ended. Threads: any.
void throw_into(Fiber& fiber, std::unique_ptr<Thrown> thrown);

/// The oldest exception thrown into it, if any. By the fiber itself, or before it runs.
std::unique_ptr<Thrown> take(Fiber& fiber);

/// By the fiber itself; any number, in any order.
void add_limit(Fiber& self, TimeLimit& limit);
void remove_limit(Fiber& self, TimeLimit& limit);
/// The first of its limits to pass, if it has: it is spent then. By the fiber itself.
TimeLimit* take_passed_limit(Fiber& self);

/// Whether a wait that would begin now is called off at once. By the fiber itself.
inline bool is_due(const Fiber& self) {
  return self.shields == 0 &&
         (self.is_called_off.load(std::memory_order_relaxed) || self.limit.passed());
}
/// Whether somebody has thrown something that may end a wait. By the fiber itself.
inline bool has_thrown(const Fiber& self) {
  return self.shields == 0 && self.is_called_off.load(std::memory_order_seq_cst);
}
/// A wait has been called off that can't throw: says so to Timeout::throw_if_cut_short(), and
/// returns ECANCELED. By the fiber itself.
inline int cut_short(Fiber& self) {
  self.was_cut_short = true;
  return ECANCELED;
}
/// The deadline of a wait, or that of the fiber if it comes sooner.
inline Deadline limited(const Fiber& self, Deadline deadline) {
  return self.shields == 0 && self.limit < deadline ? self.limit : deadline;
}

}  // namespace call_off
}  // namespace weft::runtime
