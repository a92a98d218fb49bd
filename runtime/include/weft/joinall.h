// weft/joinall.h: wait for many fibers, or end them.
//
// Layer:  runtime, public.      See also: weft/fiber.h, weft/wait.h.
#pragma once
#include <weft/any_fiber.h>
#include <weft/clock.h>
#include <weft/detail/time.h>
#include <weft/wait.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <initializer_list>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace weft {

/// Anything with handles in it: std::vector<Fiber<int>>, a view, an array.
template <class R>
concept FiberRange =
    std::ranges::input_range<R> && std::derived_from<std::ranges::range_value_t<R>, AnyFiber>;

/// Waits until all of the fibers have ended. With a timeout: false if some have not by then.
///
/// Units:    any std::chrono duration, for all of the fibers together.
/// Errors:   as AnyFiber::join(). What the fibers threw stays with them: see Fiber::get().
/// Threads:  callable from any thread, fiber or not.
/// Source:   gevent.joinall().
///
///     weft::joinall({weft::spawn(f), weft::spawn(g)});
///     bool all = weft::joinall(2s, workers);
template <FiberRange Fibers>
void joinall(const Fibers& fibers) {
  for (const AnyFiber& fiber : fibers) {
    fiber.join();
  }
}
/// The same for handles in braces.
inline void joinall(std::initializer_list<AnyFiber> fibers) {
  for (const AnyFiber& fiber : fibers) {
    fiber.join();
  }
}

/// The same for at most `timeout`. False if some have not ended by then.
template <class Rep, class Period, FiberRange Fibers>
bool joinall(const std::chrono::duration<Rep, Period>& timeout, const Fibers& fibers) {
  const Clock::time_point end = detail::moment_of(detail::deadline_after(timeout));
  for (const AnyFiber& fiber : fibers) {
    if (!fiber.join_until(end)) {
      return false;
    }
  }
  return true;
}
/// The same for handles in braces.
template <class Rep, class Period>
bool joinall(const std::chrono::duration<Rep, Period>& timeout,
             std::initializer_list<AnyFiber> fibers) {
  return joinall<Rep, Period, std::initializer_list<AnyFiber>>(timeout, fibers);
}

/// When joinall() shall end, if not when all have ended, and how.
struct JoinOptions {
  std::optional<std::chrono::nanoseconds> timeout = {};         ///< nothing: none
  bool raise_error = false;                                     ///< rethrow the first failure
  std::size_t count = std::numeric_limits<std::size_t>::max();  ///< so many are enough
};

/// Waits until all of the fibers have ended, or as the options say. Returns those that have, in the
/// order in which they ended.
///
/// Errors:   as AnyFiber::join(); with raise_error what the first fiber threw that failed, at once:
///           the others go on.
/// Threads:  callable from any thread, fiber or not.
/// Source:   gevent.joinall(raise_error=, count=).
///
///     weft::joinall(workers, {.timeout = 2s, .raise_error = true});
template <FiberRange Fibers>
std::vector<std::ranges::range_value_t<Fibers>> joinall(const Fibers& fibers,
                                                        const JoinOptions& options) {
  using Handle = std::ranges::range_value_t<Fibers>;
  Ready<Handle> ready({std::ranges::begin(fibers), std::ranges::end(fibers)},
                      detail::deadline_of(options.timeout));
  std::vector<Handle> done;
  while (done.size() < options.count) {
    std::optional<Handle> next = ready.next();
    if (!next) {
      break;
    }
    if (options.raise_error && !next->successful()) {
      std::rethrow_exception(next->exception());
    }
    done.push_back(std::move(*next));
  }
  return done;
}

/// Ends all of the fibers: throws FiberExit into each of them, and waits until they have ended.
///
/// Errors:   as AnyFiber::kill().
/// Threads:  callable from any thread, fiber or not.
/// Promise:  those that have not started never do, whatever the others do when they end.
/// Source:   gevent.killall().
///
///     weft::killall(workers);
///     bool all = weft::killall(2s, workers);
template <FiberRange Fibers>
void killall(const Fibers& fibers) {
  for (const AnyFiber& fiber : fibers) {
    fiber.kill_soon();
  }
  joinall(fibers);
}
/// The same, and waits for at most `timeout`: false if some have not ended by then.
template <class Rep, class Period, FiberRange Fibers>
bool killall(const std::chrono::duration<Rep, Period>& timeout, const Fibers& fibers) {
  for (const AnyFiber& fiber : fibers) {
    fiber.kill_soon();
  }
  return joinall(timeout, fibers);
}

}  // namespace weft
