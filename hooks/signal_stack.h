// signal_stack.h: each fiber has a stack for signals of its own (sigaltstack), as each thread has.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Signals").
#pragma once
#include <signal.h>
#include <ucontext.h>

#include <optional>

#include "runtime/arch/signal_frame.h"
#include "runtime/fiber.h"

namespace weft::hooks {

/// The running fiber's own, if the kernel would have a handler run there that has these flags of
/// sigaction(2) and this context.
std::optional<runtime::arch::StackRange> own_stack_for_handler(const runtime::Fiber& self,
                                                               int flags, const void* context);
/// If a handler's frame is on the stack of the kernel thread, which it has to leave for that: below
/// what it interrupted.
std::optional<runtime::arch::StackRange> stack_below_interrupted(const void* context);

/// While a handler runs, its context shows the fiber's stack for signals. When it returns, that is
/// the fiber's again, and the context has what the kernel is to take.
class ShownSignalStack {
 public:
  ShownSignalStack(runtime::Fiber* self, void* context);
  /// Not a destructor: an unwinding does not return.
  void handler_returned();

 private:
  runtime::Fiber* self_;
  const runtime::Worker* worker_;
  ucontext_t& context_;
  stack_t of_kernel_thread_;
};

/// sigaltstack(2). 0 or -errno.
long change_signal_stack(const stack_t* wanted, stack_t* old);

}  // namespace weft::hooks
