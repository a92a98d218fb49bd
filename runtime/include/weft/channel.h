// weft/channel.h: things that pass from one fiber to another, from hand to hand.
//
// Layer:  runtime, public.      See also: weft/select.h, weft/queue.h.
#pragma once
#include <weft/detail/input_range.h>
#include <weft/detail/time.h>
#include <weft/detail/typed_exchange.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

namespace weft {

/// Thrown by who sends on a channel after Channel::close().
///
///     catch (const weft::ChannelClosed&) { return; }
class ChannelClosed : public std::runtime_error {
 public:
  /// Made by the channel.
  ChannelClosed();
};

/// A channel of T, which need not be copyable. With capacity 0 sender and receiver meet: who comes
/// first waits for the other. Else up to `capacity` things lie in it.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   send() and its kin throw ChannelClosed after close(); so do those who wait to send
///           when it is closed. What was not sent is left alone. On fibers every wait may throw:
///           see AnyFiber::kill() and Timeout. Nothing has been sent or received then.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  who waits is served in order, oldest first, before anybody who comes later; only who
///           has been served elsewhere (select) is passed over. What was written before send() is
///           seen after receive(). T is moved under the channel's lock: that should not wait. What
///           it throws comes out of both calls.
/// Source:   gevent.queue.Channel (put and get); Go's channels.
///
///     weft::Channel<int> numbers;
///     weft::spawn([&] { for (int n : {1, 2, 3}) numbers.send(n); numbers.close(); });
///     for (int n : numbers) use(n);
template <class T>
class Channel {
 public:
  /// The type of what passes through it.
  using value_type = T;
  /// One pass over what comes: each step is a receive().
  using iterator = detail::InputIterator<T, Channel>;

  /// In which up to `capacity` things wait for a receiver.
  explicit Channel(std::size_t capacity = 0) : exchange_(capacity) {}

  /// Waits until a receiver has it, or it lies in the channel.
  void send(T item) { send_by(item, detail::kNever); }
  /// As send(), for at most `timeout`. False if it was not possible by then.
  template <class Rep, class Period>
  bool send_for(T&& item, const std::chrono::duration<Rep, Period>& timeout) {
    return send_by(item, detail::deadline_after(timeout));
  }
  /// The same for a copy.
  template <class Rep, class Period>
  bool send_for(const T& item, const std::chrono::duration<Rep, Period>& timeout) {
    return send_for(T(item), timeout);
  }
  /// As send_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool send_until(T&& item, const std::chrono::time_point<Clock, Duration>& moment) {
    return send_by(item, detail::deadline_at(moment));
  }
  /// The same for a copy.
  template <class Clock, class Duration>
  bool send_until(const T& item, const std::chrono::time_point<Clock, Duration>& moment) {
    return send_until(T(item), moment);
  }
  /// As send(), and does not wait. False if nobody is waiting for it, and there is no room.
  bool try_send(T&& item) { return send_by(item, detail::kAtOnce); }
  /// The same for a copy.
  bool try_send(const T& item) { return try_send(T(item)); }

  /// Waits for the next thing. Nothing once the channel is closed and empty.
  std::optional<T> receive() { return receive_by(detail::kNever); }
  /// As receive(), for at most `timeout`. Nothing if none came by then, too.
  template <class Rep, class Period>
  std::optional<T> receive_for(const std::chrono::duration<Rep, Period>& timeout) {
    return receive_by(detail::deadline_after(timeout));
  }
  /// As receive_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  std::optional<T> receive_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return receive_by(detail::deadline_at(moment));
  }
  /// As receive(), and does not wait. Nothing if there is none, too.
  std::optional<T> try_receive() { return receive_by(detail::kAtOnce); }

  /// receive(), by the name that other sources of things have.
  std::optional<T> next() { return receive(); }
  /// Receives until the channel is closed and empty.
  iterator begin() { return iterator(*this); }
  /// The end: see begin().
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

  /// Lets nobody send from now on. What lies in it can still be received. May be called again.
  void close() { exchange_.close(false); }
  /// Whether close() has been called.
  [[nodiscard]] bool closed() const { return exchange_.is_closed(); }
  /// How many things lie in it or wait to be sent, less the receivers that wait.
  ///
  /// Source:   gevent.queue.Channel.balance.
  [[nodiscard]] std::ptrdiff_t balance() const { return exchange_.balance(); }
  /// How many things can lie in it.
  [[nodiscard]] std::size_t capacity() const { return exchange_.capacity(); }
  /// How many things lie in it: when it is looked at, perhaps no longer.
  [[nodiscard]] std::size_t size() const { return exchange_.size(); }

  /// For weft::select(): where the channel's offers are made.
  [[nodiscard]] detail::Exchange& exchange() { return exchange_; }

 private:
  using Kind = detail::Offer::Kind;

  bool send_by(T& item, std::int64_t deadline) {
    const detail::Concluded concluded =
        detail::transact({&exchange_, Kind::kPut, &item}, deadline, "weft::Channel::send");
    if (concluded.is_closed) {
      throw ChannelClosed();
    }
    return concluded.offer != nullptr;
  }
  std::optional<T> receive_by(std::int64_t deadline) {
    std::optional<T> item;
    detail::transact({&exchange_, Kind::kGet, &item}, deadline, "weft::Channel::receive");
    return item;
  }

  detail::TypedExchange<T, detail::FifoOrder<T>> exchange_;
};

}  // namespace weft
