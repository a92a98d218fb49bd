// jump.h: from one context to another, without a trace in the processor's return predictor.
//
// Layer:  runtime/arch.
//
// Boost's jump_fcontext leaves by an indirect jump. If it is entered by a call, the processor's
// stack of return addresses keeps that call's, and every return behind the switch is predicted
// wrongly: as many times some twenty cycles as there are functions to return from. Entered by a
// jump, it leaves that stack as the other context's calls have made it, and two contexts that
// switch in the same place return as predicted.
#pragma once
#include <boost/context/detail/fcontext.hpp>

namespace weft::runtime::arch {

/// As jump_fcontext. Where the caller left off is the instruction behind the jump.
inline boost::context::detail::transfer_t jump(boost::context::detail::fcontext_t to, void* data) {
#if defined(__x86_64__)
  boost::context::detail::transfer_t transfer = {};
  // 128: the red zone of the function that this is inlined into.
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "lea 1f(%%rip), %%rcx\n\t"
      "push %%rcx\n\t"
      "jmp *%[jump_fcontext]\n"
      "1:\n\t"
      "lea 128(%%rsp), %%rsp"
      : "=a"(transfer.fctx), "=d"(transfer.data), "+D"(to), "+S"(data)
      : [jump_fcontext] "r"(&boost::context::detail::jump_fcontext)
      : "rcx", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
        "xmm15");
  return transfer;
#else
  return boost::context::detail::jump_fcontext(to, data);
#endif
}

}  // namespace weft::runtime::arch
