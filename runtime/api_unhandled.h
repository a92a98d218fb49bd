// api_unhandled.h: what becomes of an exception that nobody can fetch.
//
// Layer:  runtime.
#pragma once
#include <weft/unhandled.h>

namespace weft::detail {

/// Calls the handler, or prints the line. Threads: any.
void handle(const Unhandled& failed) noexcept;

}  // namespace weft::detail
