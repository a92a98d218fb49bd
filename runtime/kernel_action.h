// kernel_action.h: handlers as the kernel has them, past libc and whoever replaces its sigaction.
//
// Layer:  runtime. For signals that libc's refuses (it keeps two for itself), and for handlers that
// nobody shall call but the kernel.
#pragma once
#include <signal.h>

#include <cstdint>

#include "runtime/arch/signal_return.h"
#include "runtime/sys.h"

namespace weft::runtime {

/// The kernel's form of struct sigaction.
struct KernelAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;

  // SIG_DFL and SIG_IGN are the numbers 0 and 1.
  [[nodiscard]] bool is_default() const { return handler == nullptr; }
  [[nodiscard]] bool is_ignored() const {
    return reinterpret_cast<std::uintptr_t>(handler) == reinterpret_cast<std::uintptr_t>(SIG_IGN);
  }
};

inline KernelAction kernel_action(int signal) {
  KernelAction action = {};
  sys::call(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask);
  return action;
}

/// `flags` beside SA_SIGINFO, which each has.
inline void set_kernel_handler(int signal, void (*handler)(int, siginfo_t*, void*), unsigned flags,
                               std::uint64_t mask) {
  const KernelAction action = {handler, flags | SA_SIGINFO | arch::kNeedsSignalReturn,
                               arch::weft_signal_return, mask};
  sys::call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

inline void set_default_action(int signal) {
  const KernelAction action = {};
  sys::call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

}  // namespace weft::runtime
