#include "runtime/arch/signal_return.h"

#if defined(__x86_64__)
// mov $SYS_rt_sigreturn, %rax; syscall: in this form, and without unwind information of its own.
asm(R"(
  .text
  .globl weft_signal_return
  .type weft_signal_return, @function
  .balign 16
  nop
weft_signal_return:
  movq $15, %rax
  syscall
  .size weft_signal_return, . - weft_signal_return
)");
#endif
