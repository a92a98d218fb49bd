// context.h: the switch between two fibers: Boost.Context, and what it does not save.
//
// Layer:  runtime. The one place where a fiber's stack is left and entered.
#pragma once
#include "runtime/fiber.h"

namespace weft::runtime {

class Worker;

/// What runs on the next fiber's stack once the old one has been left: only then may others run,
/// queue or free it.
struct AfterSwitch {
  void (*run)(Fiber* left) = nullptr;
};

/// What the running kernel thread runs, in the TLS of whoever runs. Never cache its address across
/// a switch.
struct Running {
  Fiber* fiber;    // null in an idle loop, and on kernel threads that are not weft's
  Worker* worker;  // null on kernel threads that are not weft's
};
extern constinit thread_local Running running [[gnu::tls_model("initial-exec")]];

/// The running fiber, or null.
inline Fiber* current() { return running.fiber; }

/// The machine code that leaves one stack and enters another: its address.
const void* switch_code();

/// Makes a fiber that was not entered yet start at fiber->run, on its stack.
void prepare(Fiber* fiber);

/// Leaves `from`, enters `to`. Returns when somebody enters `from` again, perhaps on another kernel
/// thread.
void switch_to(Fiber* from, Fiber* to, AfterSwitch after);

}  // namespace weft::runtime
