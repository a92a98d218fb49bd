// thread_pointer.h: reads and writes the register that TLS hangs on.
//
// Layer:  runtime/arch. x86-64: FS base. aarch64: tpidr_el0.
#pragma once
#if defined(__x86_64__)
#include <asm/prctl.h>
#endif
#include <sys/auxv.h>

#include "runtime/sys.h"

namespace weft::runtime::arch {

#if defined(__x86_64__)

/// The thread pointer of the running context: FS base, which the ABI also keeps at %fs:0.
inline void* thread_pointer() {
  void* self;  // NOLINT(cppcoreguidelines-init-variables): written by the instruction below
  asm volatile("movq %%fs:0, %0" : "=r"(self));
  return self;
}

/// Whether the kernel lets user mode write FS base (Linux 5.9 with FSGSBASE): HWCAP2_FSGSBASE.
inline bool user_mode_thread_pointer() { return (::getauxval(AT_HWCAP2) & 2) != 0; }

/// Set once, before the first switch to a fiber with its own TLS.
inline constinit bool use_wrfsbase = false;

/// From here on %fs:… is `pointer`'s. Nothing cached from TLS before it may be used after it.
inline void set_thread_pointer(void* pointer) {
  if (use_wrfsbase) {
    asm volatile("wrfsbase %0" : : "r"(pointer) : "memory");
  } else {
    sys::call(SYS_arch_prctl, ARCH_SET_FS, pointer);
  }
}

#elif defined(__aarch64__)

inline void* thread_pointer() { return __builtin_thread_pointer(); }
inline bool user_mode_thread_pointer() { return true; }
inline constinit bool use_wrfsbase = true;
inline void set_thread_pointer(void* pointer) {
  asm volatile("msr tpidr_el0, %0" : : "r"(pointer) : "memory");
}

#endif

}  // namespace weft::runtime::arch
