// sys.h: raw system calls. They return -errno, touch no TLS and no libc symbol, and so can never be
// hooked.
//
// Layer:  runtime, lowest. Usable before any constructor, in a fork's child and on any stack.
#pragma once
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <type_traits>

namespace weft::runtime::sys {

/// One system call of up to six arguments. Returns what the kernel returns: a result, or -errno.
inline long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                long f = 0) {
#if defined(__x86_64__)
  long result;  // NOLINT(cppcoreguidelines-init-variables): written by the instruction below
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory", "cc");
  return x0;
#else
#error "weft knows the system call instruction of x86-64 and aarch64 only"
#endif
}

/// Turns any argument of a system call into a register's worth of bits.
template <class T>
long arg(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<long>(value);
  } else {
    return static_cast<long>(value);
  }
}
inline long arg(std::nullptr_t) { return 0; }

/// `call(SYS_read, fd, buffer, n)`: a system call with its natural argument types.
template <class... Args>
long call(long number, Args... args) {
  static_assert(sizeof...(args) <= 6, "a system call has at most six arguments");
  return raw(number, arg(args)...);
}

/// Whether a result of `call` is an error (-4095..-1).
inline bool failed(long result) { return result < 0 && result >= -4095; }

/// The kernel thread's signal mask, in the kernel's form: bit n-1 for signal n.
inline std::uint64_t signal_mask() {
  std::uint64_t mask = 0;
  call(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, sizeof mask);
  return mask;
}

/// Sets it. Returns what it was.
inline std::uint64_t set_signal_mask(std::uint64_t mask) {
  std::uint64_t before = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &before, sizeof mask);
  return before;
}

inline constexpr std::uint64_t kAllSignals = ~std::uint64_t{0};
inline constexpr std::size_t kSignalMaskBytes = sizeof kAllSignals;

/// Sleeps while `*word == expected`, at most until `deadline` (CLOCK_MONOTONIC; null: for ever).
inline long futex_wait(const std::uint32_t* word, std::uint32_t expected,
                       const timespec* deadline) {
  return call(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, deadline, nullptr,
              FUTEX_BITSET_MATCH_ANY);
}

inline long futex_wake(const std::uint32_t* word, int count) {
  return call(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count);
}

}  // namespace weft::runtime::sys
