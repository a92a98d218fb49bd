// park.h: waits in the parking lot that are no cancellation points.
//
// Layer:  hooks.
#pragma once
#include "hooks/cancel.h"
#include "runtime/parking_lot.h"

namespace weft::hooks::sync {

namespace lot = runtime::lot;

/// As lot::park. What ends the wait though it is not interruptible is an asynchronous cancellation:
/// then it acts, and unwinds the caller.
template <class Valid>
lot::Woken park(const void* address, Valid valid, const lot::ParkOptions& options = {}) {
  const lot::Woken woken = lot::park(address, valid, options);
  if (woken == lot::Woken::kInterrupted && !options.interruptible) {
    test_cancel();
  }
  return woken;
}

}  // namespace weft::hooks::sync
