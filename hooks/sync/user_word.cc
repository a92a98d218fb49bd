#include "hooks/sync/user_word.h"

#include <ucontext.h>

#if defined(__x86_64__)
// int weft_can_load(const void*): one load, and a way out if it faults.
asm(R"(
  .text
  .hidden weft_can_load
  .hidden weft_can_load_access
  .hidden weft_can_load_fault
  .globl weft_can_load
  .globl weft_can_load_access
  .globl weft_can_load_fault
  .type weft_can_load, @function
weft_can_load:
  .cfi_startproc
weft_can_load_access:
  movl (%rdi), %eax
  movl $1, %eax
  ret
weft_can_load_fault:
  xorl %eax, %eax
  ret
  .cfi_endproc
  .size weft_can_load, . - weft_can_load
)");
extern "C" int weft_can_load(const void*);
extern "C" const char weft_can_load_access[];
extern "C" const char weft_can_load_fault[];
#endif

namespace weft::hooks::sync {

#if defined(__x86_64__)

bool can_read(const void* address, std::size_t bytes) {
  const auto* at = static_cast<const char*>(address);
  for (std::size_t i = 0; i < bytes; i += sizeof(std::uint32_t)) {
    if (weft_can_load(at + i) == 0) {
      return false;
    }
  }
  return true;
}

bool recover_from_fault(void* context) {
  auto& at = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
  if (at != reinterpret_cast<greg_t>(weft_can_load_access)) {
    return false;
  }
  at = reinterpret_cast<greg_t>(weft_can_load_fault);
  return true;
}

#else

bool can_read(const void* /*address*/, std::size_t /*bytes*/) { return true; }
bool recover_from_fault(void* /*context*/) { return false; }

#endif

}  // namespace weft::hooks::sync
