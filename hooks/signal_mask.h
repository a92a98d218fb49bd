// signal_mask.h: each fiber has a signal mask of its own, as each thread has, and gets its own
// signals.
//
// Layer:  hooks. The runtime gives the kernel thread the mask of the fiber that it switches to, if
// it differs.
#pragma once
#include <signal.h>

#include <cstdint>

#include "runtime/fiber.h"
#include "runtime/fiber_signals.h"

namespace weft::hooks {

/// The kernel's form of a mask: bit n-1 for signal n.
std::uint64_t bits_of(const sigset_t& set);
sigset_t set_of(std::uint64_t bits);

/// What no mask can hold: the kernel leaves them out.
inline constexpr std::uint64_t kUnblockable =
    runtime::fiber_signals::bit_of(SIGKILL) | runtime::fiber_signals::bit_of(SIGSTOP);

/// The running fiber's mask; off a fiber, the kernel thread's.
std::uint64_t fiber_mask();
void set_fiber_mask(std::uint64_t mask);

/// Whether a program may send it: not zero, and none of libc's own.
bool is_signal(int signal);
/// What comes with a signal that this process sends to itself.
siginfo_t info_of(int signal, int code);
/// Sends a signal to a fiber: behind the call its handler has run, if that is the running one. 0 or
/// an errno.
int send_signal(runtime::Fiber& fiber, const siginfo_t& info);

/// tgkill(2) where the id may be a fiber's; tkill(2) for a process of -1. 0 or -errno.
long signal_by_id(pid_t process, pid_t id, int signal);

}  // namespace weft::hooks
