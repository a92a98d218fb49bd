// active.h: which groups of hooks are on, and whether a call is to be cooperative.
//
// Layer:  hooks.
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/scheduler.h"
#include "weft/call_group.h"

namespace weft::hooks {

/// `weft run --no-GROUP` (WEFT_DISABLE) and patch_all can leave groups out; `weft run --GROUP`
/// (WEFT_ENABLE) asks for one that is off.
using Group = CallGroup;

/// Bits of Group. Zero until start-up or patch_all: every hook then just calls the next definition.
inline constinit std::atomic<std::uint32_t> active_groups{0};

inline bool is_on(Group group) {
  return (active_groups.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(group)) != 0;
}

/// The running fiber, if a blocking call of the group should park it; null if the call should go
/// straight to the kernel: hooks off, not on a fiber, or the only fiber, for which nobody needs the
/// kernel thread, and which has no limit of time (weft::Timeout). Now and then it lets the others
/// run first: a fiber whose calls never have to wait must not starve them.
inline runtime::Fiber* cooperative(Group group) {
  runtime::Fiber* const fiber = runtime::current();
  if (fiber == nullptr || !is_on(group) ||
      (fiber->scheduler->is_alone() && fiber->limits == nullptr)) {
    return nullptr;
  }
  runtime::running.worker->give_turns();
  return fiber;
}

/// The usual groups, with those in one comma-separated list, without those in the other. An unknown
/// name is reported on standard error and ignored.
std::uint32_t groups(const char* enabled, const char* disabled);

}  // namespace weft::hooks
