// kernel_action.h: handlers of the two signals that libc keeps for itself. libc's sigaction refuses
// them.
//
// Layer:  hooks.
#pragma once
#include <signal.h>

#include <cstdint>

#include "runtime/arch/signal_return.h"
#include "runtime/sys.h"

namespace weft::hooks {

/// The kernel's form of struct sigaction.
struct KernelAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

inline KernelAction kernel_action(int signal) {
  KernelAction action = {};
  runtime::sys::call(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask);
  return action;
}

inline void set_kernel_handler(int signal, void (*handler)(int, siginfo_t*, void*),
                               std::uint64_t mask) {
  const KernelAction action = {handler, SA_SIGINFO | SA_RESTART | runtime::arch::kNeedsSignalReturn,
                               runtime::arch::weft_signal_return, mask};
  runtime::sys::call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

}  // namespace weft::hooks
