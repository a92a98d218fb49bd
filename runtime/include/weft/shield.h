// weft/shield.h: work that goes on although whoever waits for it is ended.
//
// Layer:  runtime, public.
#pragma once
#include <weft/fiber.h>

#include <concepts>
#include <type_traits>
#include <utility>

namespace weft {

/// Calls `f()` on a fiber of its own and returns what it returns. If the caller is killed or out of
/// time meanwhile, it stops waiting, and `f` goes on to its end.
///
/// Errors:   what `f` throws. If nobody waits any more that is unhandled.
/// Threads:  as spawn(). `f` must not refer to the caller's variables: they may be gone.
/// Source:   asyncio.shield().
///
///     weft::shield([order] { charge(order); });   // never half done
template <std::invocable F>
std::invoke_result_t<std::decay_t<F>> shield(F&& f) {
  return spawn(std::forward<F>(f)).get();
}

}  // namespace weft
