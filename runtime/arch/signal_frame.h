// signal_frame.h: what the kernel puts on a stack for a signal handler, and its move to another.
//
// Layer:  runtime/arch.
#pragma once
#include <signal.h>

#include <cstdint>

namespace weft::runtime::arch {

/// Memory that a stack lies in, or may take. It grows down from `top`.
struct StackRange {
  std::uintptr_t low;
  std::uintptr_t top;
  [[nodiscard]] bool holds(std::uintptr_t address) const { return address > low && address <= top; }
};

/// Where the stack of the interrupted code ends. `context` is a handler's third argument.
std::uintptr_t stack_pointer(const void* context);
/// The same, less what such code may use below that.
std::uintptr_t free_stack_top(const void* context);

using SignalHandler = void (*)(int signal, siginfo_t* info, void* context);

/// In a handler with these arguments: its return shall enter `handler` on that stack, as the kernel
/// enters one, with copies of the arguments and the signals of `mask` blocked; and the return from
/// there go to what the signal interrupted. False, and nothing has changed, if there is no room for
/// it, or if this processor is not supported.
bool move_signal_frame(const StackRange& stack, int signal, siginfo_t* info, void* context,
                       std::uint64_t mask, SignalHandler handler);

}  // namespace weft::runtime::arch
