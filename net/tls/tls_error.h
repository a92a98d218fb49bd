// tls_error.h: what OpenSSL has left behind, as an exception.
//
// Layer:  net.
#pragma once
#include <weft/net/tls.h>

namespace weft::net {

/// Throws for the oldest error of the calling thread's queue, and empties that. `reason` is added
/// to what it says.
[[noreturn]] void throw_tls(const char* call, const std::string& reason = {});

}  // namespace weft::net
