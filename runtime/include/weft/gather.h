// weft/gather.h: the results of several fibers, in their order.
//
// Layer:  runtime, public.      See also: weft/wait.h, weft/joinall.h.
#pragma once
#include <weft/fiber.h>
#include <weft/joinall.h>
#include <weft/wait.h>

#include <exception>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace weft {

/// What has become of one fiber: its result, or what it threw.
///
/// Errors:   value() rethrows.
/// Source:   std::expected; asyncio.gather(return_exceptions=True).
template <class T>
struct Settled {
  std::optional<T> result;   ///< what it returned; std::monostate for void
  std::exception_ptr error;  ///< what it threw, null if nothing; FiberExit if it was killed

  /// Whether it has returned.
  [[nodiscard]] bool has_value() const { return result.has_value(); }
  /// What it returned.
  [[nodiscard]] const T& value() const {
    if (error != nullptr) {
      std::rethrow_exception(error);
    }
    return *result;
  }
};

namespace detail {

template <class R>
struct FiberResult;
template <class R>
struct FiberResult<Fiber<R>> {
  using Type = std::conditional_t<std::is_void_v<R>, std::monostate, std::decay_t<R>>;
};
template <class Handle>
using FiberResultOf = typename FiberResult<std::remove_cvref_t<Handle>>::Type;

template <class R>
FiberResultOf<Fiber<R>> result_of(const Fiber<R>& fiber) {
  if constexpr (std::is_void_v<R>) {
    fiber.get();
    return {};
  } else {
    return fiber.get();
  }
}

template <class R>
Settled<FiberResultOf<Fiber<R>>> settled(const Fiber<R>& fiber) {
  try {
    return {result_of(fiber), nullptr};
  } catch (...) {
    return {std::nullopt, std::current_exception()};
  }
}

/// Waits for them all, or for the first that fails, and throws what that did. When the waiter
/// itself is killed or out of time they are killed with it.
void gather(const std::vector<AnyFiber>& fibers, bool until_failure);

}  // namespace detail

/// Waits for the fibers and returns what they return, in their order.
///
/// Errors:   rethrows what the first fiber threw that failed, as soon as it has; the others go on.
///           A fiber that was killed fails with FiberExit here.
/// Threads:  callable from any thread, fiber or not.
/// Promise:  whoever kills the waiting fiber, or lets it run out of time, kills these fibers too.
/// Source:   asyncio.gather().
///
///     auto [user, mails] = weft::gather(weft::spawn(load_user), weft::spawn(load_mails));
template <class... R>
std::tuple<detail::FiberResultOf<Fiber<R>>...> gather(const Fiber<R>&... fibers) {
  detail::gather({fibers...}, true);
  return {detail::result_of(fibers)...};
}
/// The same for a range of them.
template <FiberRange Range>
auto gather(const Range& fibers) {
  detail::gather({std::ranges::begin(fibers), std::ranges::end(fibers)}, true);
  std::vector<detail::FiberResultOf<std::ranges::range_value_t<Range>>> results;
  for (const auto& fiber : fibers) {
    results.push_back(detail::result_of(fiber));
  }
  return results;
}

/// Waits for all of the fibers and returns for each what it returned or threw, in their order.
///
/// Threads, Promise: as gather().
/// Source:   asyncio.gather(return_exceptions=True); JavaScript's Promise.allSettled.
///
///     for (const auto& page : weft::gather_settled(fetches))
///       if (page.has_value()) use(page.value());
template <class... R>
std::tuple<Settled<detail::FiberResultOf<Fiber<R>>>...> gather_settled(const Fiber<R>&... fibers) {
  detail::gather({fibers...}, false);
  return {detail::settled(fibers)...};
}
/// The same for a range of them.
template <FiberRange Range>
auto gather_settled(const Range& fibers) {
  detail::gather({std::ranges::begin(fibers), std::ranges::end(fibers)}, false);
  std::vector<Settled<detail::FiberResultOf<std::ranges::range_value_t<Range>>>> results;
  for (const auto& fiber : fibers) {
    results.push_back(detail::settled(fiber));
  }
  return results;
}

}  // namespace weft
