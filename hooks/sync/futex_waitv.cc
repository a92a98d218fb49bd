// futex_waitv.cc: futex_waitv(2): waiting for several words at once.
#include <algorithm>
#include <cerrno>

#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/sync/futex.h"
#include "hooks/sync/shared_memory.h"
#include "hooks/sync/user_word.h"
#include "runtime/parking_lot.h"
#include "runtime/sys.h"

namespace weft::hooks::sync {

namespace lot = runtime::lot;
namespace sys = runtime::sys;

namespace {

constexpr std::uint32_t kPrivateWord = FUTEX_32 | FUTEX_PRIVATE_FLAG;
static_assert(FUTEX_WAITV_MAX <= lot::kMostPlaces);

// Of 32 bits, there, and no other process can wake there.
bool is_ours(const futex_waitv& entry) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel's structure has numbers
  const auto* const address = reinterpret_cast<const void*>(entry.uaddr);
  return entry.__reserved == 0 && entry.uaddr % 4 == 0 &&
         can_read(address, sizeof(std::uint32_t)) &&
         (entry.flags == kPrivateWord || (entry.flags == FUTEX_32 && !is_shared_memory(address)));
}

// Everything else the kernel judges, and waits for.
bool is_ours(const futex_waitv* entries, std::size_t count, long flags, const TimePoint& until) {
  return runtime::current() != nullptr && count > 0 && count <= FUTEX_WAITV_MAX && flags == 0 &&
         until.is_valid() && can_read(entries, count * sizeof *entries) &&
         std::all_of(entries, entries + count, [](const futex_waitv& e) { return is_ours(e); });
}

}  // namespace

long futex_wait_any(const long (&a)[6]) {
  // NOLINTBEGIN(performance-no-int-to-ptr): the arguments of a system call are registers
  const auto* const entries = reinterpret_cast<const futex_waitv*>(a[0]);
  const auto count = static_cast<std::size_t>(static_cast<unsigned>(a[1]));
  const auto* const timeout = reinterpret_cast<const timespec*>(a[3]);
  const bool has_bad_timeout = timeout != nullptr && !can_read(timeout, sizeof *timeout);
  const TimePoint until(static_cast<clockid_t>(a[4]), has_bad_timeout ? nullptr : timeout);
  if (has_bad_timeout || !is_ours(entries, count, a[2], until)) {
    return block([&a] { return sys::call(SYS_futex_waitv, a[0], a[1], a[2], a[3], a[4]); });
  }
  lot::Place places[lot::kMostPlaces];
  for (std::size_t i = 0; i < count; ++i) {
    places[i] = {reinterpret_cast<const std::uint32_t*>(entries[i].uaddr),
                 static_cast<std::uint32_t>(entries[i].val)};
  }
  // NOLINTEND(performance-no-int-to-ptr)
  std::size_t woken = 0;
  begin_call();
  for (;;) {
    switch (lot::park_any(
        places, count,
        {.deadline = until.deadline(), .tag = FUTEX_BITSET_MATCH_ANY, .interruptible = true},
        &woken)) {
      case lot::Woken::kInvalid:
        return -EAGAIN;
      case lot::Woken::kTimedOut:
        return -ETIMEDOUT;
      case lot::Woken::kInterrupted:
        if (is_interrupted(run_handlers(), false)) {
          return -EINTR;
        }
        break;
      default:
        return static_cast<long>(woken);
    }
  }
}

}  // namespace weft::hooks::sync
