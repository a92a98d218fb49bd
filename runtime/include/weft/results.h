// weft/results.h: results that come one by one: what Group::imap() returns.
//
// Layer:  runtime, public.      See also: weft/group.h.
#pragma once
#include <weft/async_result.h>
#include <weft/detail/input_range.h>
#include <weft/detail/members.h>
#include <weft/detail/shielded.h>
#include <weft/fiber.h>
#include <weft/queue.h>
#include <weft/semaphore.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

namespace weft {
namespace detail {

struct ResultFeeder;

/// Between those who make results and who takes them.
template <class R>
struct ResultStream {
  ResultStream(std::uint32_t maxsize, bool in_order)
      : room(maxsize), is_bounded(maxsize != 0), is_in_order(in_order) {}
  Semaphore room;  // for results that are begun, and not taken
  const bool is_bounded;
  const bool is_in_order;
  SimpleQueue<AsyncResult<R>> entries;
};

/// The makers of a stream's results: when the last one is gone nothing comes any more.
template <class R>
struct ResultMakers {
  explicit ResultMakers(std::shared_ptr<ResultStream<R>> of) : stream(std::move(of)) {}
  ResultMakers(const ResultMakers&) = delete;
  ResultMakers& operator=(const ResultMakers&) = delete;
  ~ResultMakers() { stream->entries.shutdown(); }
  const std::shared_ptr<ResultStream<R>> stream;
};

/// One of them, with the callable and its argument. One that is dropped before it runs, since its
/// fiber is killed, makes a result all the same.
template <class R, class F, class Item>
class ResultMaker {
 public:
  ResultMaker(std::shared_ptr<ResultMakers<R>> makers, AsyncResult<R> result, F f, Item item)
      : makers_(std::move(makers)),
        result_(std::move(result)),
        f_(std::move(f)),
        item_(std::move(item)) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): as F and Item have it
  ResultMaker(ResultMaker&&) = default;
  ResultMaker(const ResultMaker&) = delete;
  ResultMaker& operator=(const ResultMaker&) = delete;
  ResultMaker& operator=(ResultMaker&&) = delete;
  ~ResultMaker() {
    if (makers_ != nullptr) {
      result_.cancel();
      if (!makers_->stream->is_in_order) {
        makers_->stream->entries.put(result_);
      }
    }
  }
  void operator()() {
    try {
      result_.set(std::invoke(f_, std::move(item_)));
    } catch (const FiberExit&) {
      throw;
    } catch (...) {
      result_.set_exception(std::current_exception());
    }
  }

 private:
  std::shared_ptr<ResultMakers<R>> makers_;
  AsyncResult<R> result_;
  F f_;
  Item item_;
};

}  // namespace detail

/// The results of Group::imap() and Group::imap_unordered(), as they come: an input range, once
/// through.
///
/// Errors:   next(), and each step of a loop, throws what the callable threw for that item, and
///           ResultCancelled if its fiber was killed; after that, next() goes on with the others.
///           What the range that is worked on throws comes as the last one. On fibers every wait
///           may throw: see AnyFiber::kill() and Timeout.
/// Threads:  one at a time.
/// Promise:  may be dropped at any time: then no more items are begun, and those that are go on to
///           their end. Must not outlive the range that it was made for.
/// Source:   gevent.pool.IMap and IMapUnordered.
///
///     for (const Page& page : pool.imap(fetch, urls)) show(page);
template <class R>
class Results {
 public:
  /// One pass: the only iterator.
  using iterator = detail::InputIterator<R, Results>;

  Results(Results&& other) noexcept = default;
  Results& operator=(Results&& other) = delete;
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;
  ~Results() {
    if (stream_ != nullptr) {
      const detail::Shielded shielded;
      feeder_.kill();
    }
  }

  /// The next result; waits for it. Nothing when all have come.
  std::optional<R> next() {
    std::optional<AsyncResult<R>> entry = stream_->entries.next();
    if (!entry.has_value()) {
      return {};
    }
    if (stream_->is_bounded) {
      stream_->room.release();
    }
    return entry->get();
  }
  /// Waits for the first one.
  iterator begin() { return iterator(*this); }
  /// The end: see begin().
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  friend struct detail::ResultFeeder;
  Results(std::shared_ptr<detail::ResultStream<R>> stream, AnyFiber feeder)
      : stream_(std::move(stream)), feeder_(std::move(feeder)) {}

  std::shared_ptr<detail::ResultStream<R>> stream_;
  AnyFiber feeder_;
};

namespace detail {

/// Starts a member for each item, from a fiber that is none.
struct ResultFeeder {
  template <class F, class Range>
  static auto start(const Members& members, F f, Range&& range, std::uint32_t maxsize,
                    bool in_order) {
    using R = ResultOf<F&, std::ranges::range_value_t<Range>>;
    auto stream = std::make_shared<ResultStream<R>>(maxsize, in_order);
    auto feeder =
        weft::spawn([members, f = std::move(f), items = std::views::all(std::forward<Range>(range)),
                     makers = std::make_shared<ResultMakers<R>>(stream)]() mutable {
          try {
            feed(members, f, items, makers);
          } catch (const FiberExit&) {
            throw;
          } catch (...) {
            AsyncResult<R> failure;
            failure.set_exception(std::current_exception());
            makers->stream->entries.put(std::move(failure));
          }
        });
    return Results<R>(std::move(stream), std::move(feeder));
  }

 private:
  template <class F, class Items, class R>
  static void feed(const Members& members, const F& f, Items& items,
                   const std::shared_ptr<ResultMakers<R>>& makers) {
    using Maker = ResultMaker<R, F, std::ranges::range_value_t<Items>>;
    ResultStream<R>& stream = *makers->stream;
    for (auto&& item : items) {
      if (stream.is_bounded) {
        stream.room.acquire();
      }
      AsyncResult<R> result;
      start_member(members, members.take_seat(), {},
                   Maker(makers, result, f, std::forward<decltype(item)>(item)));
      if (stream.is_in_order) {
        stream.entries.put(std::move(result));
      }
    }
  }
};

}  // namespace detail
}  // namespace weft
