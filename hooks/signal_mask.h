// signal_mask.h: each fiber has a signal mask of its own, as each thread has.
//
// Layer:  hooks. The runtime gives the kernel thread the mask of the fiber that it switches to, if
// it differs.
#pragma once
#include <signal.h>

#include <cstdint>

namespace weft::hooks {

/// The kernel's form of a mask: bit n-1 for signal n.
std::uint64_t bits_of(const sigset_t& set);
sigset_t set_of(std::uint64_t bits);

/// The running fiber's mask; off a fiber, the kernel thread's.
std::uint64_t fiber_mask();
void set_fiber_mask(std::uint64_t mask);

}  // namespace weft::hooks
