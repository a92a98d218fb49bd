// weft/wait.h: wait for some of many objects: fibers, events, whatever can be waited for.
//
// Layer:  runtime, public.      See also: weft/joinall.h, weft/gather.h.
#pragma once
#include <weft/detail/time.h>
#include <weft/detail/wait_point.h>
#include <weft/detail/waits.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace weft {

/// What weft::wait() can wait for: a fiber's handle, an Event, a Semaphore, an AsyncResult.
template <class T>
concept Waitable = requires(const T& object) {
  { object.wait_point() } -> std::same_as<detail::WaitPoint>;
};

/// A Waitable, or what points to one.
template <class T>
concept WaitableElement = Waitable<T> || requires(const T& pointer) {
  requires Waitable<std::remove_cvref_t<decltype(*pointer)>>;
};

/// Handles, or pointers to objects, which must live as long as they are waited for.
template <class R>
concept WaitableRange =
    std::ranges::input_range<R> && WaitableElement<std::ranges::range_value_t<R>>;

namespace detail {

template <class T>
WaitPoint point_of(const T& element) {
  if constexpr (Waitable<T>) {
    return element.wait_point();
  } else {
    return (*element).wait_point();
  }
}

}  // namespace detail

/// The elements of a range, as they become ready: an input range, once through.
///
/// Errors:   what the waits throw: FiberExit, TimeoutError, WouldBlockForever.
/// Threads:  the fiber or thread that has made it, only.
/// Promise:  each element once, in the order in which they become ready; those that are ready from
///           the first come in theirs. It may be dropped at any time.
/// Source:   gevent.iwait(); asyncio.as_completed().
template <class T>
class Ready {
 public:
  /// One pass: the only iterator.
  class Iterator {
   public:
    using value_type = T;                    ///< as std::input_iterator has it
    using difference_type = std::ptrdiff_t;  ///< as std::input_iterator has it
    Iterator() = default;
    /// The element that is ready.
    const T& operator*() const { return of_->elements_[*of_->current_]; }
    /// Waits for the next one.
    Iterator& operator++() {
      of_->advance();
      return *this;
    }
    /// Waits for the next one.
    void operator++(int) { of_->advance(); }
    /// Whether all have come, or the time is up.
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.has_ended(); }

   private:
    friend class Ready;
    [[nodiscard]] bool has_ended() const { return !of_->current_.has_value(); }
    explicit Iterator(Ready* of) : of_(of) {}
    Ready* of_ = nullptr;
  };

  /// Waits for `elements` until `deadline`, in nanoseconds of CLOCK_MONOTONIC: see iwait().
  Ready(std::vector<T> elements, std::int64_t deadline)
      : elements_(std::move(elements)), deadline_(deadline) {
    for (const T& element : elements_) {
      waits_.add(detail::point_of(element));
    }
  }

  /// Waits for the first one.
  Iterator begin() {
    advance();
    return Iterator(this);
  }
  /// The end: see Iterator.
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  /// Waits for the next one. Nothing when all have come, or the time is up.
  std::optional<T> next() {
    advance();
    return current_.has_value() ? std::optional<T>(elements_[*current_]) : std::nullopt;
  }

 private:
  void advance() { current_ = waits_.next(deadline_, "weft::iwait"); }

  std::vector<T> elements_;
  std::int64_t deadline_;
  std::optional<std::size_t> current_;
  detail::Waits waits_;
};

/// Waits for the elements of `range` one after the other, as they become ready. With a timeout:
/// ends when that has passed, for all of them together.
///
///     for (const auto& done : weft::iwait(fibers)) use(done.get());
template <WaitableRange Range>
Ready<std::ranges::range_value_t<Range>> iwait(const Range& range) {
  return {{std::ranges::begin(range), std::ranges::end(range)}, detail::kNever};
}
/// The same, for at most `timeout`.
template <WaitableRange Range, class Rep, class Period>
Ready<std::ranges::range_value_t<Range>> iwait(const Range& range,
                                               const std::chrono::duration<Rep, Period>& timeout) {
  return {{std::ranges::begin(range), std::ranges::end(range)}, detail::deadline_after(timeout)};
}

/// iwait(), by asyncio's name.
template <WaitableRange Range>
auto as_completed(const Range& range) {
  return iwait(range);
}
/// iwait(), by asyncio's name.
template <WaitableRange Range, class Rep, class Period>
auto as_completed(const Range& range, const std::chrono::duration<Rep, Period>& timeout) {
  return iwait(range, timeout);
}

/// When wait() shall end, if not when all is ready.
struct WaitOptions {
  std::optional<std::chrono::nanoseconds> timeout = {};         ///< nothing: none
  std::size_t count = std::numeric_limits<std::size_t>::max();  ///< so many are enough
};

/// Waits until all of the elements are ready, or as the options say. Returns those that are, in the
/// order in which they became so.
///
/// Errors, Threads: as Ready.
/// Source:   gevent.wait().
///
///     auto first = weft::wait(fibers, {.timeout = 2s, .count = 1});
template <WaitableRange Range>
std::vector<std::ranges::range_value_t<Range>> wait(const Range& range,
                                                    const WaitOptions& options = {}) {
  using T = std::ranges::range_value_t<Range>;
  Ready<T> ready({std::ranges::begin(range), std::ranges::end(range)},
                 detail::deadline_of(options.timeout));
  std::vector<T> done;
  while (done.size() < options.count) {
    std::optional<T> next = ready.next();
    if (!next) {
      break;
    }
    done.push_back(std::move(*next));
  }
  return done;
}

}  // namespace weft
