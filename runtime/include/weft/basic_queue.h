// weft/basic_queue.h: what all queues have in common, in whichever order things come out.
//
// Layer:  runtime, public.      See also: weft/queue.h, weft/joinable_queue.h.
#pragma once
#include <weft/detail/input_range.h>
#include <weft/detail/time.h>
#include <weft/detail/typed_exchange.h>
#include <weft/queue_errors.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace weft {

/// A queue of T, which need not be copyable. Its heirs say in which order things come out.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   put, get, peek and their kin throw QueueShutdown after shutdown(); those called
///           `_nowait` throw QueueFull and QueueEmpty. For the timed ones and `try_` that is a
///           return value; an item that was not put is left alone. On fibers every wait may throw:
///           see AnyFiber::kill() and Timeout. Nothing has been put or taken then.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  who waits is served in order, oldest first, before anybody who comes later: an item
///           goes straight to who waits for it. What was written before put() is seen after get().
///           T is moved and copied under the queue's lock: these should not wait. What they throw
///           comes out of the call; if an item failed to move to who waited for it, out of both.
/// Source:   gevent.queue.Queue; queue.Queue.
///
///     weft::Queue<Job> jobs(100);
///     jobs.put(job);                        // waits while there are 100
///     for (Job& job : jobs) work(job);      // until jobs.shutdown()
template <class T, class Order>
class BasicQueue {
 public:
  /// The type of what is in it.
  using value_type = T;
  /// One pass over what comes out: each step is a get().
  using iterator = detail::InputIterator<T, BasicQueue>;

  /// For at most `maxsize` items; 0: any number.
  explicit BasicQueue(std::size_t maxsize = 0)
      : exchange_(maxsize == 0 ? detail::Exchange::kUnlimited : maxsize) {}

  /// Adds an item; waits while it is full.
  void put(T item) { put_by(item, detail::kNever); }
  /// As put(), for at most `timeout`. False if there was no room by then.
  template <class Rep, class Period>
  bool put_for(T&& item, const std::chrono::duration<Rep, Period>& timeout) {
    return put_by(item, detail::deadline_after(timeout));
  }
  /// The same for a copy.
  template <class Rep, class Period>
  bool put_for(const T& item, const std::chrono::duration<Rep, Period>& timeout) {
    return put_for(T(item), timeout);
  }
  /// As put_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool put_until(T&& item, const std::chrono::time_point<Clock, Duration>& moment) {
    return put_by(item, detail::deadline_at(moment));
  }
  /// The same for a copy.
  template <class Clock, class Duration>
  bool put_until(const T& item, const std::chrono::time_point<Clock, Duration>& moment) {
    return put_until(T(item), moment);
  }
  /// As put(), and does not wait. False if it is full.
  bool try_put(T&& item) { return put_by(item, detail::kAtOnce); }
  /// The same for a copy.
  bool try_put(const T& item) { return try_put(T(item)); }
  /// As put(), and does not wait: throws QueueFull if it is full.
  void put_nowait(T item) {
    if (!try_put(std::move(item))) {
      throw QueueFull();
    }
  }

  /// Takes the next item; waits while it is empty.
  T get() { return *take(Kind::kGet, detail::kNever); }
  /// As get(), for at most `timeout`. Nothing if it was empty until then.
  template <class Rep, class Period>
  std::optional<T> get_for(const std::chrono::duration<Rep, Period>& timeout) {
    return take(Kind::kGet, detail::deadline_after(timeout));
  }
  /// As get_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  std::optional<T> get_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return take(Kind::kGet, detail::deadline_at(moment));
  }
  /// As get(), and does not wait. Nothing if it is empty.
  std::optional<T> try_get() { return take(Kind::kGet, detail::kAtOnce); }
  /// As get(), and does not wait: throws QueueEmpty if it is empty.
  T get_nowait() { return of(try_get()); }

  /// A copy of the next item, which stays; waits while it is empty. Somebody else may take it.
  T peek() requires std::copy_constructible<T> { return *take(Kind::kPeek, detail::kNever); }
  /// As peek(), for at most `timeout`. Nothing if it was empty until then.
  template <class Rep, class Period>
  std::optional<T> peek_for(
      const std::chrono::duration<Rep, Period>& timeout) requires std::copy_constructible<T> {
    return take(Kind::kPeek, detail::deadline_after(timeout));
  }
  /// As peek_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  std::optional<T> peek_until(
      const std::chrono::time_point<Clock, Duration>& moment) requires std::copy_constructible<T> {
    return take(Kind::kPeek, detail::deadline_at(moment));
  }
  /// As peek(), and does not wait. Nothing if it is empty.
  std::optional<T> try_peek() requires std::copy_constructible<T> {
    return take(Kind::kPeek, detail::kAtOnce);
  }
  /// As peek(), and does not wait: throws QueueEmpty if it is empty.
  T peek_nowait() requires std::copy_constructible<T> { return of(try_peek()); }

  /// As get(), but nothing once it is shut down and empty.
  std::optional<T> next() {
    std::optional<T> item;
    detail::transact({&exchange_, Kind::kGet, &item}, detail::kNever, "weft::Queue::get");
    return item;
  }
  /// Takes items until it is shut down and empty.
  iterator begin() { return iterator(*this); }
  /// The end: see begin().
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

  /// Lets nobody put from now on; who waits to put or comes to throws QueueShutdown. What is in it
  /// can still be taken; who finds nothing throws QueueShutdown, too. If `immediate`, what is in it
  /// is dropped, and counts as done.
  ///
  /// Source:   queue.Queue.shutdown() of Python 3.13.
  void shutdown(bool immediate = false) { exchange_.close(immediate); }
  /// Whether shutdown() has been called.
  [[nodiscard]] bool is_shutdown() const { return exchange_.is_closed(); }

  /// How many items there are: when it is looked at, perhaps no longer.
  [[nodiscard]] std::size_t size() const { return exchange_.size(); }
  /// Whether there is none.
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// Whether there are maxsize() items.
  [[nodiscard]] bool full() const { return size() >= exchange_.capacity(); }
  /// How many there may be; 0: any number.
  [[nodiscard]] std::size_t maxsize() const {
    return exchange_.capacity() == detail::Exchange::kUnlimited ? 0 : exchange_.capacity();
  }

 protected:
  /// For what heirs add.
  detail::TypedExchange<T, Order>& exchange() { return exchange_; }
  /// The same.
  [[nodiscard]] const detail::TypedExchange<T, Order>& exchange() const { return exchange_; }

 private:
  using Kind = detail::Offer::Kind;

  static T of(std::optional<T> item) {
    if (!item.has_value()) {
      throw QueueEmpty();
    }
    return std::move(*item);
  }
  bool put_by(T& item, std::int64_t deadline) {
    const detail::Concluded concluded =
        detail::transact({&exchange_, Kind::kPut, &item}, deadline, "weft::Queue::put");
    if (concluded.is_closed) {
      throw QueueShutdown();
    }
    return concluded.offer != nullptr;
  }
  std::optional<T> take(Kind kind, std::int64_t deadline) {
    std::optional<T> item;
    if (detail::transact({&exchange_, kind, &item}, deadline, "weft::Queue::get").is_closed) {
      throw QueueShutdown();
    }
    return item;
  }

  detail::TypedExchange<T, Order> exchange_;
};

}  // namespace weft
