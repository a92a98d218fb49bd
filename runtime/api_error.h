// api_error.h: how the API reports what went wrong.
//
// Layer:  runtime.
#pragma once
#include "runtime/parking_lot.h"

namespace weft::detail {

/// Throws std::system_error with the errno and the name of the call.
[[noreturn]] void throw_errno(int error, const char* what);

/// What a raw system call returned; if that is an error, throws it.
long checked(long result, const char* call);

/// Throws WouldBlockForever, naming the call.
[[noreturn]] void throw_deadlock(const char* what);

/// Throws what has called off a wait of the calling fiber: what kill() threw into it, or that a
/// Timeout has passed. To be called where call_off::is_due(), and for Woken::kCalledOff.
[[noreturn]] void throw_called_off();

/// Throws for a wait that ended without what it waited for: kDeadlock and kCalledOff.
void check(runtime::lot::Woken woken, const char* call);

}  // namespace weft::detail
