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

}  // namespace weft::hooks
