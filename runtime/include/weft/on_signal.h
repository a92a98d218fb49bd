// weft/on_signal.h: calls for signals, on fibers: with none of the limits of signal handlers.
//
// Layer:  runtime, public.
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <utility>

namespace weft {
namespace detail {

struct SignalEntry;

/// Whom a signal calls.
using SignalCall = std::function<void(int)>;

}  // namespace detail

/// As long as it lives, and is not cancelled, on_signal()'s callable is called.
///
/// Threads:  any, one at a time.
/// Source:   what gevent.signal_handler() returns.
///
///     weft::SignalHandler stop = weft::on_signal(SIGTERM, [&] { server.stop(); });
class SignalHandler {
 public:
  /// For no signal.
  SignalHandler() = default;
  /// Takes over the other's.
  SignalHandler(SignalHandler&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  /// The same, after cancelling its own.
  SignalHandler& operator=(SignalHandler&& other) noexcept {
    if (this != &other) {
      cancel();
      entry_ = std::exchange(other.entry_, nullptr);
    }
    return *this;
  }
  SignalHandler(const SignalHandler&) = delete;
  SignalHandler& operator=(const SignalHandler&) = delete;
  /// cancel().
  ~SignalHandler() { cancel(); }

  /// No call begins from now on; one that has begun goes on. If it was the last for its signal,
  /// what the signal did before the first is restored, unless somebody has changed it since. May be
  /// called by the callable itself.
  void cancel() noexcept;
  /// Whether it may still be called.
  [[nodiscard]] bool is_active() const { return entry_ != nullptr; }

  /// Made by on_signal().
  explicit SignalHandler(detail::SignalEntry* entry) : entry_(entry) {}

 private:
  detail::SignalEntry* entry_ = nullptr;
};

namespace detail {

/// Registers the call.
SignalEntry* add_signal_handler(int signal, SignalCall call);

}  // namespace detail

/// Has `f()` or `f(signal)` called on a fiber whenever the signal comes. It may lock, wait,
/// allocate and throw, as any fiber.
///
/// Errors:   throws std::system_error: EINVAL for no signal, and for one that can't be handled; as
///           spawn(). What `f` throws is unhandled: see on_unhandled(); later signals call it
///           again.
/// Threads:  any. `f` runs on fibers of the calling thread's scheduler, which becomes one of fibers
///           by it; one call at a time.
/// Promise:  after each signal a call begins; of those that come meanwhile the next one begins
///           once. Several handlers of one signal are all called. It works with and without `weft
///           run`. In a fork's child none is called any more.
/// Source:   gevent.signal_handler(); asyncio's add_signal_handler().
///
///     weft::SignalHandler reload = weft::on_signal(SIGHUP, [&] { config.read(); });
template <class F>
requires std::invocable<F&> || std::invocable<F&, int>
[[nodiscard]] SignalHandler on_signal(int signal, F f) {
  if constexpr (std::invocable<F&, int>) {
    return SignalHandler(detail::add_signal_handler(signal, std::move(f)));
  } else {
    return SignalHandler(detail::add_signal_handler(
        signal, [call = std::make_shared<F>(std::move(f))](int) { (*call)(); }));
  }
}

}  // namespace weft
