// park.h: waits in the parking lot that are no cancellation points.
//
// Layer:  hooks.
#pragma once
#include "hooks/cancel.h"
#include "runtime/parking_lot.h"
#include "runtime/worker.h"

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

/// For who has released something and woken a waiter for it: now and then that one runs first. Who
/// takes it again at once, and waits only while having it, would else keep it for ever.
inline void give_way() {
  if (runtime::current() != nullptr) {
    runtime::running.worker->give_way();
  }
}

}  // namespace weft::hooks::sync
