// weft/async_result.h: a value that one sets and others wait for.
//
// Layer:  runtime, public.      See also: weft/event.h, weft/fiber.h (link).
#pragma once
#include <weft/detail/async_state.h>
#include <weft/detail/time.h>
#include <weft/detail/wait_point.h>

#include <chrono>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace weft {

/// What the getters of an AsyncResult throw after AsyncResult::cancel().
///
/// Source:   asyncio.CancelledError.
///
///     catch (const weft::ResultCancelled&) { return; }
class ResultCancelled : public std::runtime_error {
 public:
  /// Made by the getters.
  ResultCancelled();
};

/// A value or an exception that is set once, and that any number of fibers wait for: promise and
/// future in one. Copies share it, as handles do.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   set() and set_exception() throw std::logic_error, and change nothing, if it has been
///           set or cancelled. The getters throw what set_exception() was given, and
///           ResultCancelled. On fibers every wait may throw: see AnyFiber::kill() and Timeout.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  what was written before set() is seen after a getter. A value that can't be copied is
///           moved out by the first getter. An exception that nobody fetches is dropped.
/// Source:   gevent.event.AsyncResult; asyncio.Future; std::promise and std::shared_future.
///
///     weft::AsyncResult<int> answer;
///     weft::spawn([answer] { answer.set(42); });
///     use(answer.get());
template <class T = void>
requires(!std::is_reference_v<T>) class AsyncResult {
 public:
  /// What get_for() returns: std::optional<T>, or bool for void.
  using Optional = std::conditional_t<std::is_void_v<T>, bool, std::optional<T>>;

  /// One that is not set.
  AsyncResult() : state_(std::make_shared<detail::AsyncValue<T>>()) {}

  /// Sets the value, and lets all who wait go.
  template <class Value = T>
  requires(!std::is_void_v<T> && std::constructible_from<T, Value>) void set(Value&& value) const {
    state_->claim();
    fill(std::forward<Value>(value));
  }
  /// Lets all who wait go.
  void set() const requires(std::is_void_v<T>) {
    state_->claim();
    state_->publish(Outcome::kValue);
  }
  /// Has all getters throw `error`.
  void set_exception(std::exception_ptr error) const {
    state_->claim();
    state_->publish_error(std::move(error));
  }
  /// Has all getters throw ResultCancelled. False, and no change, if it has been set or cancelled.
  /// Whoever was to set it is not told.
  // NOLINTNEXTLINE(modernize-use-nodiscard): most callers only want it given up
  bool cancel() const {
    if (!state_->try_claim()) {
      return false;
    }
    state_->publish(Outcome::kCancelled);
    return true;
  }
  /// As a link of a fiber: sets what that has returned or thrown, and cancels if it was killed.
  /// Does nothing if it has been set or cancelled: of several fibers the first counts.
  ///
  ///     fiber.link(result);
  template <class Source>
  requires requires(const Source& source) {
    { source.was_killed() } -> std::same_as<bool>;
    { source.exception() } -> std::same_as<std::exception_ptr>;
  }
  void operator()(const Source& source) const {
    if (!state_->try_claim()) {
      return;
    }
    if (source.was_killed()) {
      state_->publish(Outcome::kCancelled);
    } else if (std::exception_ptr error = source.exception()) {
      state_->publish_error(std::move(error));
    } else if constexpr (std::is_void_v<T>) {
      state_->publish(Outcome::kValue);
    } else {
      fill(source.get());
    }
  }

  /// Waits until it is set, and returns the value.
  T get() const {
    wait();
    return take();
  }
  /// As get(), for at most `timeout`: nothing (false for void) if it is not set by then.
  template <class Rep, class Period>
  Optional get_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return get_if(wait_for(timeout));
  }
  /// As get_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  Optional get_until(const std::chrono::time_point<Clock, Duration>& moment) const {
    return get_if(wait_until(moment));
  }
  /// As get(), without waiting: nothing (false for void) if it is not set.
  Optional get_nowait() const { return get_if(ready()); }

  /// Waits until it is set, and throws nothing of what it was set to.
  void wait() const { state_->event.wait(); }
  /// As wait(), for at most `timeout`. False if it is not set by then.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return state_->event.wait_for(timeout);
  }
  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& moment) const {
    return state_->event.wait_until(moment);
  }

  /// Whether it has been set or cancelled.
  [[nodiscard]] bool ready() const { return state_->event.is_set(); }
  /// ready(), by the name that it has in asyncio.
  [[nodiscard]] bool done() const { return ready(); }
  /// Whether there is a value.
  [[nodiscard]] bool successful() const { return state_->outcome() == Outcome::kValue; }
  /// Whether it has been cancelled.
  [[nodiscard]] bool cancelled() const { return state_->outcome() == Outcome::kCancelled; }
  /// The value, as get() returns it; nothing if there is none.
  [[nodiscard]] Optional value() const { return successful() ? get_nowait() : Optional(); }
  /// What set_exception() was given; null if nothing was.
  [[nodiscard]] std::exception_ptr exception() const { return state_->error(); }

  /// For weft::wait(): ready when it has been set or cancelled.
  [[nodiscard]] detail::WaitPoint wait_point() const { return state_->event.wait_point(); }

 private:
  using Outcome = detail::AsyncState::Outcome;

  // Once claimed.
  template <class Value>
  void fill(Value&& value) const {
    try {
      state_->value.emplace(std::forward<Value>(value));
    } catch (...) {
      state_->disclaim();
      throw;
    }
    state_->publish(Outcome::kValue);
  }
  T take() const {
    state_->check();
    if constexpr (std::is_void_v<T>) {
      return;
    } else if constexpr (std::is_copy_constructible_v<T>) {
      return *state_->value;
    } else {
      return std::move(*state_->value);
    }
  }
  Optional get_if(bool is_ready) const {
    if (!is_ready) {
      return Optional();
    }
    if constexpr (std::is_void_v<T>) {
      take();
      return true;
    } else {
      return take();
    }
  }

  std::shared_ptr<detail::AsyncValue<T>> state_;
};

}  // namespace weft
