// weft/select.h: whichever of several channels is ready first.
//
// Layer:  runtime, public.      See also: weft/channel.h.
#pragma once
#include <weft/channel.h>
#include <weft/detail/exchange.h>
#include <weft/detail/time.h>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {
namespace detail {
struct Selection;
}

/// One of the things that select() may do: see receive_from() and send_to().
///
/// Threads:  of one select() at a time.
class SelectCase {
 public:
  SelectCase(const SelectCase&) = delete;
  SelectCase& operator=(const SelectCase&) = delete;
  virtual ~SelectCase() = default;

 protected:
  /// Of a channel's, to send or to receive.
  SelectCase(detail::Exchange& channel, detail::Offer::Kind kind) : offer_{&channel, kind} {}

 private:
  friend struct detail::Selection;
  virtual void* thing() = 0;
  virtual void finish(bool is_closed) = 0;

  detail::Offer offer_;
};

/// Receives, and then calls `f(std::optional<T>)`: with nothing if the channel is closed.
template <class T, class F>
class ReceiveCase final : public SelectCase {
 public:
  /// See receive_from().
  ReceiveCase(Channel<T>& channel, F f)
      : SelectCase(channel.exchange(), detail::Offer::Kind::kGet), f_(std::move(f)) {}

 private:
  void* thing() override { return &slot_; }
  void finish(bool /*is_closed*/) override { std::invoke(f_, std::exchange(slot_, {})); }

  std::optional<T> slot_;
  F f_;
};

/// Sends, and then calls `f()`.
template <class T, class F>
class SendCase final : public SelectCase {
 public:
  /// See send_to().
  SendCase(Channel<T>& channel, T item, F f)
      : SelectCase(channel.exchange(), detail::Offer::Kind::kPut),
        item_(std::move(item)),
        f_(std::move(f)) {}

 private:
  void* thing() override { return &item_; }
  void finish(bool is_closed) override {
    if (is_closed) {
      throw ChannelClosed();
    }
    std::invoke(f_);
  }

  T item_;
  F f_;
};

/// A case of select(): receive from `channel` and call `f` with a std::optional<T>, which is empty
/// if the channel is closed.
///
///     weft::receive_from(numbers, [](std::optional<int> n) { use(*n); })
template <class T, std::invocable<std::optional<T>> F>
ReceiveCase<T, F> receive_from(Channel<T>& channel, F f) {
  return {channel, std::move(f)};
}

/// A case of select(): send `item` on `channel` and call `f()`. It is sent once: afterwards the
/// case holds what a move has left.
///
///     weft::send_to(numbers, 7, [] { log("sent"); })
template <class T, std::invocable F>
SendCase<T, F> send_to(Channel<T>& channel, std::type_identity_t<T> item, F f) {
  return {channel, std::move(item), std::move(f)};
}
/// The same, and nothing is called.
template <class T>
auto send_to(Channel<T>& channel, std::type_identity_t<T> item) {
  return send_to(channel, std::move(item), [] {});
}

/// A case of several types of channels: the elements of a range for select().
template <class R>
concept SelectRange = std::ranges::forward_range<R> && requires(R& range) {
  { **std::ranges::begin(range) } -> std::convertible_to<SelectCase&>;
};

namespace detail {

/// What the cases have in common.
struct Selection {
  /// The number of the case that was done; nothing if the deadline passed.
  static std::optional<std::size_t> select(std::span<SelectCase* const> cases,
                                           std::int64_t deadline);
};

template <class... Cases>
std::optional<std::size_t> select(std::int64_t deadline, Cases&... cases) {
  const std::array<SelectCase*, sizeof...(Cases)> all{&cases...};
  return Selection::select(all, deadline);
}

template <SelectRange Range>
std::optional<std::size_t> select_of(std::int64_t deadline, Range& range) {
  std::vector<SelectCase*> all;
  for (const auto& element : range) {
    all.push_back(&*element);
  }
  return Selection::select(all, deadline);
}

}  // namespace detail

/// Does exactly one of the cases: the first that can be done, then calls what it is to call. Waits
/// until one can. Returns which, from 0.
///
/// Errors:   ChannelClosed for a case that sends on a closed channel; what the case calls throws.
///           On fibers every wait may throw: see AnyFiber::kill() and Timeout. None is done then.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  of several that can be done at once it takes any, all of them as often. A closed
///           channel counts as one that can. Its callables run on the caller, and may do what they
///           want.
/// Source:   Go's select.
///
///     weft::select(weft::receive_from(a, use), weft::send_to(b, 7));
template <std::derived_from<SelectCase>... Cases>
requires(sizeof...(Cases) > 0) std::size_t select(Cases&&... cases) {
  return *detail::select(detail::kNever, cases...);
}
/// The same for at most `timeout`: nothing if no case could be done by then.
template <class Rep, class Period, std::derived_from<SelectCase>... Cases>
std::optional<std::size_t> select_for(const std::chrono::duration<Rep, Period>& timeout,
                                      Cases&&... cases) {
  return detail::select(detail::deadline_after(timeout), cases...);
}
/// The same without waiting: nothing if no case can be done now. Go's `default`.
template <std::derived_from<SelectCase>... Cases>
std::optional<std::size_t> try_select(Cases&&... cases) {
  return detail::select(detail::kAtOnce, cases...);
}

/// select() of any number of cases: a range of pointers to them.
///
///     std::vector<std::unique_ptr<weft::SelectCase>> cases;
///     weft::select(cases);
template <SelectRange Range>
std::size_t select(const Range& range) {
  return *detail::select_of(detail::kNever, range);
}
/// The same for at most `timeout`: nothing if no case could be done by then.
template <class Rep, class Period, SelectRange Range>
std::optional<std::size_t> select_for(const std::chrono::duration<Rep, Period>& timeout,
                                      const Range& range) {
  return detail::select_of(detail::deadline_after(timeout), range);
}
/// The same without waiting: nothing if no case can be done now.
template <SelectRange Range>
std::optional<std::size_t> try_select(const Range& range) {
  return detail::select_of(detail::kAtOnce, range);
}

}  // namespace weft
