// weft/timer.h: call something later, unless it is cancelled before.
//
// Layer:  runtime, public.      See also: weft/fiber.h (spawn_later), weft/sleep.h.
#pragma once
#include <weft/detail/time.h>
#include <weft/event.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
namespace detail {

/// What a Timer and its fiber share.
class TimerState {
 public:
  TimerState() = default;
  TimerState(const TimerState&) = delete;
  TimerState& operator=(const TimerState&) = delete;
  virtual ~TimerState() = default;

  bool cancel();
  /// Has the fiber of `self` begun, which waits until the deadline or for `delay`; or throws
  /// std::logic_error.
  static void start(const std::shared_ptr<TimerState>& self,
                    const std::optional<std::int64_t>& deadline, std::chrono::nanoseconds delay);

  enum class Stage : std::uint8_t { kNew, kStarted, kCalls, kOver };
  std::atomic<Stage> stage{Stage::kNew};
  Event over;  // it has been cancelled, or the call has ended

 protected:
  /// The user's. On the fiber, at most once.
  virtual void call() = 0;

 private:
  void run(std::int64_t deadline);
  void end();
};

/// One that calls `f()`.
template <class F>
struct TimerCall final : TimerState {
  explicit TimerCall(F&& given) : f(std::move(given)) {}
  void call() override { std::move(f)(); }
  F f;
};

}  // namespace detail

/// Calls something on a fiber of its own, once, a while after start().
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   start() throws as spawn(), and std::logic_error when it is called again or after
///           cancel(). What the callable throws is unhandled: see on_unhandled().
/// Threads:  any. The fiber belongs to the thread that calls start(), as with spawn().
/// Promise:  never calls early. The destructor cancels, and does not wait: keep the timer, or use
///           spawn_later() for what nobody will cancel.
/// Source:   threading.Timer; asyncio.loop.call_later() and call_at().
///
///     weft::Timer timer(30s, [&] { connection.close(); });
///     timer.start();
class Timer {
 public:
  /// Will call `f(args...)`, on copies, `delay` after start().
  template <class Rep, class Period, class F, class... Args>
  requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  explicit Timer(const std::chrono::duration<Rep, Period>& delay, F&& f, Args&&... args)
      : delay_(detail::saturated(delay)),
        state_(make(std::forward<F>(f), std::forward<Args>(args)...)) {}
  /// Will call `f(args...)`, on copies, at `moment`, as the clocks stand to each other now, or at
  /// start() if that is later.
  template <class Clock, class Duration, class F, class... Args>
  requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  [[nodiscard]] static Timer at(const std::chrono::time_point<Clock, Duration>& moment, F&& f,
                                Args&&... args) {
    Timer timer(std::chrono::nanoseconds(0), std::forward<F>(f), std::forward<Args>(args)...);
    timer.deadline_ = detail::deadline_at(moment);
    return timer;
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  Timer(Timer&&) = default;
  /// Cancels the one that it was.
  Timer& operator=(Timer&& other) noexcept {
    std::swap(delay_, other.delay_);
    std::swap(deadline_, other.deadline_);
    std::swap(state_, other.state_);
    other.cancel();
    return *this;
  }
  ~Timer() { cancel(); }

  /// The time runs from now on. Once only.
  void start() { detail::TimerState::start(state_, deadline_, delay_); }
  /// Sees to it that nothing is called. False if it has been, or is being called.
  bool cancel() { return state_ != nullptr && state_->cancel(); }
  /// Waits until the call has ended, or the timer has been cancelled. Throws nothing of the call's.
  void join() const { state_->over.wait(); }
  /// As join(), for at most `timeout`. False if neither is so by then.
  template <class Rep, class Period>
  bool join_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return state_->over.wait_for(timeout);
  }
  /// As join_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool join_until(const std::chrono::time_point<Clock, Duration>& moment) const {
    return state_->over.wait_until(moment);
  }
  /// Whether it has been started, and neither cancelled, nor has it begun to call.
  [[nodiscard]] bool pending() const {
    return state_->stage.load() == detail::TimerState::Stage::kStarted;
  }

 private:
  template <class F, class... Args>
  static std::shared_ptr<detail::TimerState> make(F&& f, Args&&... args) {
    auto call = [f = std::decay_t<F>(std::forward<F>(f)),
                 ... args = std::decay_t<Args>(std::forward<Args>(args))]() mutable {
      std::invoke(std::move(f), std::move(args)...);
    };
    return std::make_shared<detail::TimerCall<decltype(call)>>(std::move(call));
  }

  std::chrono::nanoseconds delay_;
  std::optional<std::int64_t> deadline_;  // in place of the delay
  std::shared_ptr<detail::TimerState> state_;
};

}  // namespace weft
