// park.h: waits in the parking lot that are no cancellation points.
//
// Layer:  hooks.
#pragma once
#include "hooks/cancel.h"
#include "runtime/parking_lot.h"

namespace weft::hooks::sync {

namespace lot = runtime::lot;

/// As lot::park, once; the caller looks again whatever ended it but a wake-up or the deadline. An
/// asynchronous cancellation acts here, and unwinds the caller.
template <class Valid>
lot::Woken park(const void* address, Valid valid, const lot::ParkOptions& options = {}) {
  const lot::Woken woken = lot::park(address, valid, options);
  if (woken != lot::Woken::kUnparked) {
    look_for_calls();
  }
  return woken;
}

}  // namespace weft::hooks::sync
