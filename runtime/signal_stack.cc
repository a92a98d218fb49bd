#include "runtime/signal_stack.h"

#include <atomic>

#include "runtime/os.h"
#include "runtime/sys.h"

namespace weft::runtime {

namespace {
constinit std::atomic<bool> per_fiber{false};
}  // namespace

void SignalStack::are_per_fiber() { per_fiber = true; }

stack_t SignalStack::give() {
  before_ = kNoSignalStack;
  sys::call(SYS_sigaltstack, nullptr, &before_);
  const bool has_one = (before_.ss_flags & SS_DISABLE) == 0;
  if (has_one && !per_fiber.load()) {
    return before_;
  }
  const stack_t own = {.ss_sp = os::map(kBytes), .ss_flags = 0, .ss_size = kBytes};
  if (own.ss_sp != nullptr && sys::failed(sys::call(SYS_sigaltstack, &own, nullptr))) {
    os::unmap(own.ss_sp, kBytes);  // it runs on the one that it has
    return before_;
  }
  memory_ = own.ss_sp;
  return before_;
}

void SignalStack::take_back() {
  if (memory_ != nullptr && !sys::failed(sys::call(SYS_sigaltstack, &before_, nullptr))) {
    os::unmap(memory_, kBytes);
    memory_ = nullptr;
  }
}

}  // namespace weft::runtime
