// weft/group.h: fibers that are waited for, killed and counted together.
//
// Layer:  runtime, public.      See also: weft/pool.h, weft/fiber_scope.h.
#pragma once
#include <weft/detail/members.h>
#include <weft/detail/time.h>
#include <weft/fiber.h>
#include <weft/results.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

/// A range, and a callable for its items.
template <class Range, class F>
concept Mapping =
    std::ranges::input_range<Range> && std::invocable<F&, std::ranges::range_value_t<Range>>;

/// Any number of fibers. Each leaves the group when it has ended.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   what spawns throws as weft::spawn(). On fibers every wait may throw: see
///           AnyFiber::kill() and Timeout.
/// Threads:  any, fiber or not, at the same time. A fiber belongs to the scheduler of who spawns
///           it.
/// Promise:  the destructor does not wait: fibers go on without their group, as without a handle.
///           What a fiber throws stays with its handles. A FiberScope waits, and cares for
///           failures.
/// Source:   gevent.pool.Group.
///
///     weft::Group group;
///     for (const Url& url : urls) group.spawn(fetch, url);
///     group.join();
class Group {
 public:
  /// Without members.
  Group() : Group(std::nullopt) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() = default;

  /// As weft::spawn(), and the fiber is a member. In a Pool that is full it waits first.
  template <class F, class... Args>
  Fiber<detail::ResultOf<F, Args...>> spawn(const SpawnOptions& options, F&& f, Args&&... args) {
    return start(members_.take_seat(), options, std::forward<F>(f), std::forward<Args>(args)...);
  }
  /// The same, with the usual options.
  template <class F, class... Args>
  requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  auto spawn(F&& f, Args&&... args) {
    return spawn(SpawnOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }
  /// Makes a fiber a member, unless it is one or has ended. In a Pool that is full it waits first.
  void add(const AnyFiber& fiber) {
    if (contains(fiber)) {
      return;
    }
    detail::Seat seat = members_.take_seat();
    if (!contains(fiber)) {  // nor has it become one while this waited
      members_.add(fiber, std::move(seat));
    }
  }
  /// Takes a fiber out of the group; it goes on.
  void discard(const AnyFiber& fiber) { members_.discard(fiber); }
  /// Whether it is a member: that ends with the fiber.
  [[nodiscard]] bool contains(const AnyFiber& fiber) const { return members_.contains(fiber); }
  /// How many members there are.
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  /// Whether there is none.
  [[nodiscard]] bool empty() const { return size() == 0; }

  /// Waits until there is no member; also for those who join meanwhile.
  void join() const { members_.join(detail::kNever); }
  /// As join(), for at most `timeout`. False if there are members then.
  template <class Rep, class Period>
  bool join_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return members_.join(detail::deadline_after(timeout));
  }
  /// As join_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  // NOLINTNEXTLINE(modernize-use-nodiscard): a caller may only want to wait
  bool join_until(const std::chrono::time_point<Clock, Duration>& moment) const {
    return members_.join(detail::deadline_at(moment));
  }

  /// Kills all members, those too that join meanwhile, and waits until they have ended. The calling
  /// fiber, if it is a member, is the last one: this throws FiberExit then.
  void kill() const { members_.kill(detail::kNever); }
  /// As kill(), and waits for at most `timeout`. False if some have not ended by then.
  template <class Rep, class Period>
  bool kill_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return members_.kill(detail::deadline_after(timeout));
  }

  /// Calls `f(args...)` on a member of its own, and returns what it returns.
  template <class F, class... Args>
  detail::ResultOf<F, Args...> apply(F&& f, Args&&... args) {
    return spawn(std::forward<F>(f), std::forward<Args>(args)...).get();
  }
  /// The same without waiting: spawn().
  template <class F, class... Args>
  auto apply_async(F&& f, Args&&... args) {
    return spawn(std::forward<F>(f), std::forward<Args>(args)...);
  }

  /// Calls `f(item)` for a copy of each item of the range, on a member each. Returns what they
  /// return, in the order of the items, in a std::vector; nothing if they return nothing.
  ///
  /// Errors:   what `f` threw for the first item that failed; the others go on.
  ///
  ///     std::vector<Page> pages = group.map(fetch, urls);
  template <class F, Mapping<F> Range>
  auto map(F f, Range&& range) {
    using R = detail::ResultOf<F&, std::ranges::range_value_t<Range>>;
    std::vector<Fiber<R>> fibers;
    for (auto&& item : range) {
      fibers.push_back(spawn(f, std::forward<decltype(item)>(item)));
    }
    if constexpr (std::is_void_v<R>) {
      for (const Fiber<R>& fiber : fibers) {
        fiber.get();
      }
    } else {
      std::vector<R> results;
      results.reserve(fibers.size());
      for (const Fiber<R>& fiber : fibers) {
        results.push_back(fiber.get());
      }
      return results;
    }
  }
  /// As map(), on a fiber that is no member: it works on a copy of the range.
  template <class F, Mapping<F> Range>
  auto map_async(F f, const Range& range) {
    using Items = std::vector<std::ranges::range_value_t<Range>>;
    return weft::spawn(
        [members = members_, f = std::move(f)](Items items) mutable {
          return Group(std::move(members)).map(std::move(f), std::move(items));
        },
        Items(std::ranges::begin(range), std::ranges::end(range)));
  }
  /// As map(), but the results come one by one: see Results. `maxsize`: so many items at most are
  /// begun and their results not taken yet; 0: any number.
  ///
  ///     for (const Page& page : pool.imap(fetch, urls, 10)) show(page);
  template <class F, Mapping<F> Range>
  auto imap(F f, Range&& range, std::uint32_t maxsize = 0) {
    return detail::ResultFeeder::start(members_, std::move(f), std::forward<Range>(range), maxsize,
                                       true);
  }
  /// As imap(), in the order in which they end.
  template <class F, Mapping<F> Range>
  auto imap_unordered(F f, Range&& range, std::uint32_t maxsize = 0) {
    return detail::ResultFeeder::start(members_, std::move(f), std::forward<Range>(range), maxsize,
                                       false);
  }

 protected:
  /// Of at most `limit` members.
  explicit Group(std::optional<std::uint32_t> limit) : members_(limit) {}
  /// Another one with the same members.
  explicit Group(detail::Members members) : members_(std::move(members)) {}

  /// Who they are.
  [[nodiscard]] const detail::Members& members() const { return members_; }
  /// As spawn(), with a seat.
  template <class F, class... Args>
  Fiber<detail::ResultOf<F, Args...>> start(detail::Seat seat, const SpawnOptions& options, F&& f,
                                            Args&&... args) {
    return detail::start_member(members_, std::move(seat), options, std::forward<F>(f),
                                std::forward<Args>(args)...);
  }

 private:
  detail::Members members_;
};

}  // namespace weft
