// futex.h: futex(2) by way of syscall(2): what libstdc++, Rust and others build their own locks on.
//
// Layer:  hooks.
#pragma once
#include <linux/futex.h>
#include <time.h>

#include <cstdint>

#include "hooks/time_point.h"

namespace weft::hooks::sync {

/// The system calls' arguments as registers; the result as of a system call (-errno). `handled` is
/// false for what goes to the kernel as it is.
long futex(const long (&arguments)[6], bool* handled);
long futex_wait_any(const long (&arguments)[6]);  // futex_waitv(2)

/// One call of futex(2).
struct FutexCall {
  const std::uint32_t* word;
  int operation;
  std::uint32_t value;
  const timespec* timeout;  // or the number to requeue
  const std::uint32_t* word2;
  std::uint32_t value3;

  [[nodiscard]] int command() const { return operation & FUTEX_CMD_MASK; }
  [[nodiscard]] bool on_realtime() const { return (operation & FUTEX_CLOCK_REALTIME) != 0; }
};

inline std::uint32_t load(const std::uint32_t* word) {
  return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/// The commands with priority inheritance (futex_pi.cc). -ENOSYS for any other.
long futex_pi(const FutexCall& call);

}  // namespace weft::hooks::sync
