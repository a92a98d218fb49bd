// kill.h: signals that the program sends.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Signals").
#pragma once
#include <signal.h>
#include <sys/types.h>

#include <cstdint>

namespace weft::hooks {

/// libc keeps these two for itself (cancellation, setuid): no program can block or send them.
inline constexpr std::uint64_t kSignalsOfLibc = std::uint64_t{3} << 31;

/// tgkill(2) where the id may be a fiber's; tkill(2) for a process of -1. 0 or -errno.
long signal_by_id(pid_t process, pid_t id, int signal);

}  // namespace weft::hooks
