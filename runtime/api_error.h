// api_error.h: how the API reports what went wrong.
//
// Layer:  runtime.
#pragma once

namespace weft::detail {

/// Throws std::system_error with the errno and the name of the call.
[[noreturn]] void throw_errno(int error, const char* what);

/// Throws WouldBlockForever, naming the call.
[[noreturn]] void throw_deadlock(const char* what);

}  // namespace weft::detail
