// weft/call_group.h: the groups of libc's calls that weft replaces, and sets of them.
//
// Layer:  hooks, public.      See also: weft/patch.h, hooks/symbols.tsv (which call is in which).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

/// A group of libc's calls that can be left to libc as a whole.
///
/// Source:   the parameters of gevent.monkey.patch_all; two of them have its words as second names.
///
///     weft::CallGroup::kTime
enum class CallGroup : std::uint32_t {
  kIo = 1,          ///< sockets, read, write, file locks, and what hands out or ends descriptors
  kPoll = 2,        ///< poll, select, epoll_wait
  kTime = 4,        ///< sleeps, sched_yield
  kThread = 8,      ///< pthread_create and what goes with it
  kSync = 16,       ///< mutexes, conditions, semaphores, futexes: all or none
  kProcess = 32,    ///< fork, wait
  kSignal = 64,     ///< signal masks, sigwait
  kDns = 128,       ///< names of hosts
  kStdio = 256,     ///< waits of stdio, and locks of FILEs
  kFile = 512,      ///< off unless asked for: read, write, fsync of regular files
  kIpc = 1024,      ///< message queues, POSIX's and System V's, and System V's semaphores
  kSocket = kIo,    ///< gevent's word for kIo
  kSelect = kPoll,  ///< gevent's word for kPoll
};

/// A set of groups.
///
/// Errors:   none.
/// Threads:  a value.
///
///     weft::CallGroups both = weft::CallGroup::kIo | weft::CallGroup::kDns;
class CallGroups {
 public:
  /// The empty set.
  constexpr CallGroups() = default;
  /// The set of one group, which may therefore stand for it.
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr CallGroups(CallGroup group) : bits_(static_cast<std::uint32_t>(group)) {}
  /// The set with these bits, which are values of CallGroup.
  explicit constexpr CallGroups(std::uint32_t bits) : bits_(bits) {}

  /// Whether all groups of `others` are in it.
  [[nodiscard]] constexpr bool contains(CallGroups others) const {
    return (bits_ & others.bits_) == others.bits_;
  }
  /// The values of its groups, added up.
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }

  /// What is in either.
  friend constexpr CallGroups operator|(CallGroups a, CallGroups b) {
    return CallGroups(a.bits_ | b.bits_);
  }
  /// What is in the first and not in the second.
  friend constexpr CallGroups operator-(CallGroups a, CallGroups b) {
    return CallGroups(a.bits_ & ~b.bits_);
  }
  /// Whether both have the same groups.
  friend constexpr bool operator==(CallGroups a, CallGroups b) = default;

 private:
  std::uint32_t bits_ = 0;
};

/// The set of two groups.
constexpr CallGroups operator|(CallGroup a, CallGroup b) { return CallGroups(a) | CallGroups(b); }

/// What patch_all and `weft run` turn on unless they are told otherwise: all but kFile.
inline constexpr CallGroups kUsualGroups{0x5ff};

/// The groups of a list of names with commas between: those of `weft run --no-NAME`, and socket and
/// select.
///
/// Errors:   throws std::invalid_argument, which names the groups there are, for another name.
/// Threads:  any.
///
///     weft::patch_all({.only = weft::call_groups("socket,dns,time")});
[[nodiscard]] CallGroups call_groups(std::string_view names);

/// The names of the groups of a set, as call_groups() takes them.
///
/// Errors:   std::bad_alloc only.
/// Threads:  any.
///
///     weft::names(weft::CallGroup::kSelect | weft::CallGroup::kDns)   // "poll,dns"
[[nodiscard]] std::string names(CallGroups groups);

}  // namespace weft
