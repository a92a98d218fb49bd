// weft/detail/async_state.h: what the copies of an AsyncResult share. No part of the API:
// weft/async_result.h is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/event.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>

namespace weft::detail {

/// All but the value.
///
/// Fields: who has claimed it, until `ready`: error. Any thread: outcome, ready.
class AsyncState {
 public:
  enum class Outcome : std::uint8_t {
    kNone,
    kClaimed,  // somebody is about to set it
    kValue,
    kError,
    kCancelled,
  };

  /// The right to set it. False if another has it.
  [[nodiscard]] bool try_claim();
  /// As try_claim(); throws std::logic_error.
  void claim();
  /// Gives the right back.
  void disclaim() { outcome_.store(Outcome::kNone); }
  /// By who has the right, once.
  void publish(Outcome outcome);
  /// The same, with an error.
  void publish_error(std::exception_ptr error);

  /// kNone until it is ready.
  [[nodiscard]] Outcome outcome() const {
    return event.is_set() ? outcome_.load(std::memory_order_relaxed) : Outcome::kNone;
  }
  /// Throws unless there is a value.
  void check() const;
  /// Null if there is none.
  [[nodiscard]] std::exception_ptr error() const {
    return outcome() == Outcome::kError ? error_ : nullptr;
  }

  Event event;  // set when it is ready

 private:
  std::exception_ptr error_;
  std::atomic<Outcome> outcome_{Outcome::kNone};
};

template <class T>
struct AsyncValue : AsyncState {
  std::optional<T> value;  // as `error`
};
template <>
struct AsyncValue<void> : AsyncState {};

}  // namespace weft::detail
