// active.h: which groups of hooks are on, and whether a call is to be cooperative.
//
// Layer:  hooks.
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/scheduler.h"

namespace weft::hooks {

/// Groups that `weft run --no-GROUP` (WEFT_DISABLE) and patch_all can leave out; and those that are
/// off unless `weft run --GROUP` (WEFT_ENABLE) asks for them.
enum class Group : std::uint32_t {
  kIo = 1,        // sockets, read, write, and what hands out or ends descriptors
  kPoll = 2,      // poll, select, epoll_wait
  kTime = 4,      // sleeps, sched_yield
  kThread = 8,    // pthread_create and what goes with it
  kSync = 16,     // mutexes, conditions, semaphores, futexes: all or none
  kProcess = 32,  // fork, wait
  kSignal = 64,   // signal masks, sigwait
  kDns = 128,     // names of hosts
  kStdio = 256,   // waits of stdio, and locks of FILEs
  kFile = 512,    // off: read, write, fsync of regular files
};
inline constexpr std::uint32_t kUsualGroups = 511;

/// Bits of Group. Zero until start-up or patch_all: every hook then just calls the next definition.
inline constinit std::atomic<std::uint32_t> active_groups{0};

inline bool is_on(Group group) {
  return (active_groups.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(group)) != 0;
}

/// The running fiber, if a blocking call of the group should park it; null if the call should go
/// straight to the kernel: hooks off, not on a fiber, or the only fiber, for which nobody needs the
/// kernel thread. Now and then it lets the others run first: a fiber whose calls never have to wait
/// must not starve them.
inline runtime::Fiber* cooperative(Group group) {
  runtime::Fiber* const fiber = runtime::current();
  if (fiber == nullptr || !is_on(group) || fiber->scheduler->is_alone()) {
    return nullptr;
  }
  runtime::running.worker->give_turns();
  return fiber;
}

/// Names a group as the command line does, for WEFT_DISABLE and WEFT_ENABLE; zero if there is none
/// of that name.
std::uint32_t group_bit(const char* name, std::size_t length);

/// The usual groups, with those in one comma-separated list, without those in the other. An unknown
/// name is reported on standard error and ignored.
std::uint32_t groups(const char* enabled, const char* disabled);

}  // namespace weft::hooks
