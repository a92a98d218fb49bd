// weft/timeout.h: a limit of time for all waits of a scope.
//
// Layer:  runtime, public.      See also: weft/fiber.h (kill), weft/fiber_exit.h.
#pragma once
#include <weft/detail/cut_short.h>
#include <weft/detail/time.h>
#include <weft/detail/time_limit.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace weft {

/// What a Timeout throws. Derived from nothing, as FiberExit: only who set the limit should take it
/// for an ordinary result.
///
/// Source:   gevent.Timeout, which derives from BaseException.
///
///     catch (const weft::TimeoutError& e) { if (!timeout.owns(e)) throw; }
class TimeoutError {
 public:
  /// Made by the runtime: the number of the Timeout.
  explicit TimeoutError(std::uint64_t id) : id_(id) {}
  /// Which Timeout has thrown it: see Timeout::owns().
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  /// A sentence for logs.
  [[nodiscard]] const char* what() const noexcept { return "weft::Timeout: the time is up"; }

 private:
  std::uint64_t id_;
};

/// A limit of time for the code of a scope: the first wait of the API that would last beyond it
/// throws, once.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC, from the constructor or start() on. None
///           given: no limit until start().
/// Errors:   the constructor throws std::system_error(EAGAIN) when the thread's scheduler can't
///           start: a thread becomes a main fiber by it, as by spawn().
/// Threads:  the fiber that made it, only.
/// Promise:  of several, nested or not, the one that ends first throws first. What is not a wait is
///           not ended: neither computing nor the blocking call of a library, unless weft hooks it
///           (weft::patch_all): descriptors, poll's kind, sleeps and waitpid fail with ECANCELED
///           where they would wait, until a wait of the API throws; what such a library has
///           connected is of no more use. Waits for locks go on. A lock that was got or a wake-up
///           that was received just in time counts: then the next wait throws.
/// Source:   gevent.Timeout.
///
///     weft::Timeout timeout(2s);
///     connection.read_line();      // throws weft::TimeoutError after 2 s
class Timeout {
 public:
  /// No limit yet: see start(). gevent's Timeout(None).
  Timeout() : Timeout(std::chrono::nanoseconds::max(), std::exception_ptr()) {}
  /// A limit of `length` from now.
  template <class Rep, class Period>
  explicit Timeout(const std::chrono::duration<Rep, Period>& length)
      : Timeout(detail::saturated(length), std::exception_ptr()) {}
  /// The same, that throws `error` in place of a TimeoutError.
  template <class Rep, class Period, class Error>
  Timeout(const std::chrono::duration<Rep, Period>& length, Error error)
      : Timeout(detail::saturated(length), std::make_exception_ptr(std::move(error))) {}
  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;
  /// Ends the limit.
  ~Timeout();

  /// Sets the limit anew, `length` from now, also after it has passed.
  template <class Rep, class Period>
  void start(const std::chrono::duration<Rep, Period>& length) {
    set(detail::deadline_after(length));
  }
  /// Ends the limit ahead of the scope.
  void cancel() { set(detail::kNever); }
  /// Whether it may still throw.
  [[nodiscard]] bool pending() const {
    return !limit_.has_passed && limit_.deadline != detail::kNever;
  }
  /// Whether it has thrown.
  [[nodiscard]] bool has_passed() const { return limit_.has_passed; }
  /// Whether this one has thrown that error.
  [[nodiscard]] bool owns(const TimeoutError& error) const noexcept {
    return error.id() == limit_.id;
  }

  /// Calls `f()`. If this limit ends it, that is no error: then the result is false. gevent's
  /// `with Timeout(2, False)`.
  ///
  /// Errors:   what `f` throws otherwise, TimeoutErrors of others included.
  ///
  ///     if (!weft::Timeout(2s).silent([&] { line = connection.read_line(); })) line = "?";
  template <std::invocable F>
  bool silent(F&& f) {
    try {
      detail::call_or_throw_cut_short(std::forward<F>(f));
      return true;
    } catch (const TimeoutError& error) {
      if (!owns(error)) {
        throw;
      }
      return false;
    }
  }

  /// Throws if a blocking call of a library was cut short, by this limit or another, or by a kill,
  /// and no wait has thrown since. To be called behind the library's error; silent() and
  /// with_timeout() do.
  static void throw_if_cut_short() { detail::throw_if_cut_short(); }

 private:
  Timeout(std::chrono::nanoseconds length, std::exception_ptr error);
  void set(std::int64_t deadline);

  detail::TimeLimit limit_;
  void* const fiber_ = nullptr;
};

/// Calls `f()` and returns what it returns, within `length`.
///
/// Units:    as Timeout.
/// Errors:   TimeoutError when the time is up, also in place of a std::exception that `f` made of
///           the error of a library that was cut short; else what `f` throws.
/// Threads:  as Timeout. `f` runs on the calling fiber: when this returns or throws, it has ended.
/// Source:   gevent.with_timeout(); asyncio.wait_for().
///
///     auto page = weft::with_timeout(2s, [&] { return fetch(url); });
template <class Rep, class Period, std::invocable F>
std::invoke_result_t<F> with_timeout(const std::chrono::duration<Rep, Period>& length, F&& f) {
  const Timeout timeout(length);
  return detail::call_or_throw_cut_short(std::forward<F>(f));
}

/// The same, that returns `fallback` when the time is up. gevent's timeout_value.
///
///     auto page = weft::with_timeout(2s, [&] { return fetch(url); }, std::string("too slow"));
template <class Rep, class Period, std::invocable F, class Fallback>
std::decay_t<std::invoke_result_t<F>> with_timeout(const std::chrono::duration<Rep, Period>& length,
                                                   F&& f, Fallback&& fallback) {
  Timeout timeout(length);
  try {
    return detail::call_or_throw_cut_short(std::forward<F>(f));
  } catch (const TimeoutError& error) {
    if (!timeout.owns(error)) {
      throw;
    }
    return std::forward<Fallback>(fallback);
  }
}

}  // namespace weft
