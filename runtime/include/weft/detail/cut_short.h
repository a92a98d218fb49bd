// weft/detail/cut_short.h: blocking calls of libraries that were called off, which can't throw. No
// part of the API.
//
// Layer:  runtime, public headers only.
#pragma once
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace weft::detail {

/// Throws what has called off a wait of the calling fiber that can't throw, if nothing has thrown
/// it since.
void throw_if_cut_short();

/// Calls `f()`. If a wait of a library was called off there, throws what has done so, in place of
/// what `f` returns, and of the std::exception that it made of the library's error.
template <class F>
std::invoke_result_t<F> call_or_throw_cut_short(F&& f) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::invoke(std::forward<F>(f));
      throw_if_cut_short();
    } else {
      decltype(auto) result = std::invoke(std::forward<F>(f));
      throw_if_cut_short();
      return static_cast<std::invoke_result_t<F>>(std::forward<decltype(result)>(result));
    }
  } catch (const std::exception&) {
    throw_if_cut_short();
    throw;
  }
}

}  // namespace weft::detail
