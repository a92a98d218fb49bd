// signal_return.h: where a signal handler that libc did not install returns to.
//
// Layer:  runtime/arch. On x86-64 the kernel wants to be told (SA_RESTORER); unwinders and
// debuggers know a signal's frame by these very instructions.
#pragma once

namespace weft::runtime::arch {

#if defined(__x86_64__)
inline constexpr unsigned long kNeedsSignalReturn = 0x0400'0000;  // linux: SA_RESTORER
extern "C" void weft_signal_return() asm("weft_signal_return");
#else
inline constexpr unsigned long kNeedsSignalReturn = 0;
constexpr void (*weft_signal_return)() = nullptr;
#endif

}  // namespace weft::runtime::arch
