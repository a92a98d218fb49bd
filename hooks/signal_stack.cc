// signal_stack.cc: sigaltstack, as a table.
//
// The kernel has one such stack for each kernel thread, and knows weft's own there. A fiber's is
// kept here; `on_signal` (on_signal.cc) has the frame of a handler moved to it.
#include "hooks/signal_stack.h"

#include <cerrno>
#include <cstdint>

#include "hooks/active.h"
#include "hooks/real.h"
#include "hooks/wait.h"
#include "runtime/sys.h"
#include "runtime/worker.h"

namespace weft::hooks {

namespace arch = runtime::arch;
namespace sys = runtime::sys;
using arch::StackRange;
using runtime::Fiber;

namespace {

// linux: SS_AUTODISARM. Its bits may come beside each of the others.
constexpr int kAutoDisarm = static_cast<int>(1U << 31);
constexpr std::size_t kLeastBytes = 2048;  // linux: MINSIGSTKSZ; libc's is larger

StackRange range_of(const stack_t& stack) {
  const auto low = reinterpret_cast<std::uintptr_t>(stack.ss_sp);
  return {low, low + stack.ss_size};
}

// As the kernel: one that is disarmed by use is never taken for in use.
bool is_in_use(const stack_t& stack, std::uintptr_t stack_pointer) {
  return (stack.ss_flags & kAutoDisarm) == 0 && range_of(stack).holds(stack_pointer);
}

int flags_of(const stack_t& stack, std::uintptr_t stack_pointer) {
  const int use = is_in_use(stack, stack_pointer) ? SS_ONSTACK : 0;
  return (stack.ss_size == 0 ? SS_DISABLE : use) | (stack.ss_flags & kAutoDisarm);
}

long set(stack_t& stack, const stack_t& wanted, std::uintptr_t stack_pointer) {
  if (is_in_use(stack, stack_pointer)) {
    return -EPERM;
  }
  switch (wanted.ss_flags & ~kAutoDisarm) {
    case SS_DISABLE:
      stack = {.ss_sp = nullptr, .ss_flags = wanted.ss_flags, .ss_size = 0};
      return 0;
    case 0:
    case SS_ONSTACK:
      if (wanted.ss_size < kLeastBytes) {
        return -ENOMEM;
      }
      stack = wanted;
      return 0;
    default:
      return -EINVAL;
  }
}

}  // namespace

std::optional<StackRange> own_stack_for_handler(const Fiber& self, int flags, const void* context) {
  const stack_t& own = self.signal_stack;
  const bool is_wanted = (flags & SA_ONSTACK) != 0 && own.ss_size != 0 &&
                         !is_in_use(own, arch::stack_pointer(context)) &&
                         !range_of(own).holds(reinterpret_cast<std::uintptr_t>(context));
  return is_wanted ? std::optional(range_of(own)) : std::nullopt;
}

std::optional<StackRange> stack_below_interrupted(const void* context) {
  const auto frame = reinterpret_cast<std::uintptr_t>(context);
  return runtime::running.worker->signal_stack.holds(frame)
             ? std::optional(StackRange{0, arch::free_stack_top(context)})
             : std::nullopt;
}

ShownSignalStack::ShownSignalStack(Fiber* self, void* context)
    : self_(self),
      worker_(runtime::running.worker),
      context_(*static_cast<ucontext_t*>(context)),
      of_kernel_thread_(context_.uc_stack) {
  if (self_ == nullptr) {
    return;
  }
  stack_t& own = self_->signal_stack;
  context_.uc_stack = own;
  if ((own.ss_flags & kAutoDisarm) != 0) {
    own = runtime::kNoSignalStack;
  }
}

void ShownSignalStack::handler_returned() {
  if (self_ != nullptr) {
    // As the kernel: what the handler's frame lies on stays as it is.
    set(self_->signal_stack, context_.uc_stack, reinterpret_cast<std::uintptr_t>(&context_));
  }
  if (runtime::running.worker != worker_) {
    sys::call(SYS_sigaltstack, nullptr, &of_kernel_thread_);
  }
  context_.uc_stack = of_kernel_thread_;
}

long change_signal_stack(const stack_t* wanted, stack_t* old) {
  Fiber* const self = runtime::current();
  if (self == nullptr || !is_on(Group::kSignal)) {
    return sys::call(SYS_sigaltstack, wanted, old);
  }
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  stack_t& own = self->signal_stack;
  const stack_t before = {own.ss_sp, flags_of(own, here), own.ss_size};
  if (wanted != nullptr) {
    if (const long error = set(own, *wanted, here)) {
      return error;
    }
  }
  if (old != nullptr) {
    *old = before;
  }
  return 0;
}

// clang-format off
extern "C" {
// symbol, signature                                     how
int sigaltstack(const stack_t* wanted, stack_t* old)    { return static_cast<int>(to_libc(change_signal_stack(wanted, old))); }
}
// clang-format on

}  // namespace weft::hooks
