// api_wait.h: how the API's primitives wait in the parking lot.
//
// Layer:  runtime.
#pragma once
#include "runtime/api_error.h"
#include "runtime/parking_lot.h"

namespace weft::detail {

/// A wait that kill(), a Timeout and a deadlock may end: see check().
inline runtime::lot::ParkOptions wait_options(std::int64_t deadline, std::uint32_t tag = 0) {
  return {.deadline = runtime::Deadline::at(deadline),
          .tag = tag,
          .hears_of_deadlock = true,
          .cancellable = true};
}

/// Waits at `address` until is_over(); whoever makes it so unparks afterwards. False if the
/// deadline has passed before.
template <class IsOver>
bool wait_until_over(const void* address, IsOver is_over, std::int64_t deadline, const char* call) {
  namespace lot = runtime::lot;
  while (!is_over()) {
    const lot::Woken woken = lot::park(
        address, [&is_over] { return !is_over(); }, wait_options(deadline));
    check(woken, call);
    if (woken == lot::Woken::kTimedOut) {
      return is_over();
    }
  }
  return true;
}

/// Whoever is woken may destroy the object, but its waker writes there until it gives up the
/// bucket. Who has been woken sees it locked, or as it was given up.
inline void let_waker_finish(const void* address) {
  runtime::SpinLock& lock = runtime::lot::bucket_of(address).lock;
  if (lock.is_locked()) {
    const runtime::SpinGuard wait(lock);
  }
}

}  // namespace weft::detail
