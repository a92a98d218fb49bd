// weft/wait_any.h: wait for the first of many, for all, or for the first failure.
//
// Layer:  runtime, public.      See also: weft/wait.h.
#pragma once
#include <weft/any_fiber.h>
#include <weft/joinall.h>
#include <weft/wait.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <ranges>
#include <vector>

namespace weft {

/// What has become of the elements of a wait.
template <class T>
struct Waited {
  std::vector<T> done;     ///< in the order in which they became ready
  std::vector<T> pending;  ///< in the order of the range
};

namespace detail {

template <class Range, class IsEnough>
auto wait_until_enough(const Range& range, std::int64_t deadline, IsEnough is_enough) {
  using T = std::ranges::range_value_t<Range>;
  const std::vector<T> all(std::ranges::begin(range), std::ranges::end(range));
  Waits waits;
  for (const T& element : all) {
    waits.add(point_of(element));
  }
  Waited<T> result;
  std::vector<bool> is_done(all.size());
  while (std::optional<std::size_t> next = waits.next(deadline, "weft::wait")) {
    result.done.push_back(all[*next]);
    is_done[*next] = true;
    if (is_enough(all[*next])) {
      break;
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!is_done[i]) {
      result.pending.push_back(all[i]);
    }
  }
  return result;
}

}  // namespace detail

/// Waits until the first of the elements is ready, or `timeout` has passed.
///
/// Errors, Threads: as Ready. That the time is up is none: then nothing is done.
/// Source:   asyncio.wait(return_when=FIRST_COMPLETED).
///
///     auto [done, pending] = weft::wait_any(fibers, 2s);
template <WaitableRange Range>
auto wait_any(const Range& range, std::optional<std::chrono::nanoseconds> timeout = {}) {
  return detail::wait_until_enough(range, detail::deadline_of(timeout),
                                   [](const auto&) { return true; });
}

/// The same, until all of them are ready. asyncio's ALL_COMPLETED.
template <WaitableRange Range>
auto wait_all(const Range& range, std::optional<std::chrono::nanoseconds> timeout = {}) {
  return detail::wait_until_enough(range, detail::deadline_of(timeout),
                                   [](const auto&) { return false; });
}

/// The same, until all of the fibers have ended, or the first one by an error. asyncio's
/// FIRST_EXCEPTION.
template <FiberRange Range>
auto wait_first_exception(const Range& range,
                          std::optional<std::chrono::nanoseconds> timeout = {}) {
  return detail::wait_until_enough(range, detail::deadline_of(timeout),
                                   [](const AnyFiber& fiber) { return !fiber.successful(); });
}

}  // namespace weft
