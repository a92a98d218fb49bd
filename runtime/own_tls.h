// own_tls.h: whether fibers can have TLS of their own here.
//
// Layer:  runtime.      See also: tcb.h.
#pragma once

namespace weft::runtime {

/// Null if they can, else the reason why not. The first call finds out.
const char* own_tls_refusal();

/// Whether fibers may change kernel threads without TLS of their own, and use that of whichever
/// runs them. Only in builds with a sanitizer, whose TLS nobody else can make: there tests of
/// several workers run so. `errno` and exceptions in flight move with the fiber, thread_local
/// objects do not.
constexpr bool can_borrow_tls() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

}  // namespace weft::runtime
