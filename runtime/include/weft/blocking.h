// weft/blocking.h: calls that block a kernel thread, without stopping the other fibers.
//
// Layer:  runtime, public.
#pragma once
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace weft {
namespace detail {

/// Calls call(argument), which must not throw, so that the other fibers go on meanwhile.
void blocking(void (*call)(void*), void* argument);

}  // namespace detail

/// Calls `f()` and returns what it returns. The other fibers run meanwhile, however long it blocks
/// or computes.
///
/// Errors:   what `f` throws.
/// Threads:  any. Where fibers have their own TLS the calling one keeps its kernel thread, and the
///           others get another at once. Fibers that share their thread's TLS can't change kernel
///           threads: there `f` runs on a new one (its thread_local objects are others, its stack
///           has 256 KiB). Off a fiber, and on the only one, it is a plain call.
/// Promise:  costs one kernel thread while it lasts, at most WEFT_MAX_THREADS together.
/// Source:   gevent.get_hub().threadpool.apply(f).
///
///     auto hash = weft::blocking([&] { return argon2(password); });
template <class F>
auto blocking(F&& f) -> std::invoke_result_t<F> {
  using Result = std::invoke_result_t<F>;
  std::exception_ptr error;
  std::conditional_t<std::is_void_v<Result>, std::monostate, std::optional<Result>> result;
  auto call = [&]() noexcept {
    try {
      if constexpr (std::is_void_v<Result>) {
        std::invoke(std::forward<F>(f));
      } else {
        result.emplace(std::invoke(std::forward<F>(f)));
      }
    } catch (...) {
      error = std::current_exception();
    }
  };
  detail::blocking([](void* it) { (*static_cast<decltype(call)*>(it))(); }, &call);
  if (error != nullptr) {
    std::rethrow_exception(error);
  }
  if constexpr (!std::is_void_v<Result>) {
    return std::move(*result);
  }
}

}  // namespace weft
