// weft/event.h: something has happened, or has not yet; any number of fibers wait until it has.
//
// Layer:  runtime, public.      See also: weft/sync.h.
#pragma once
#include <weft/detail/rmw.h>
#include <weft/detail/time.h>
#include <weft/detail/wait_point.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

/// A flag to wait for, of four bytes.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   on fibers a wait may throw: see AnyFiber::kill() and Timeout.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  set() wakes everybody who waits, even if clear() follows at once. What was written
///           before set() is seen after wait().
/// Source:   gevent.event.Event.
///
///     weft::Event ready;
///     ready.wait();
class Event {
 public:
  constexpr Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() = default;

  /// Lets everybody go who waits, and who will wait until clear().
  void set() {
    std::uint32_t expected = 0;
    if (!detail::compare_exchange(word_, expected, kSet, std::memory_order_release)) {
      set_slow();
    }
  }
  /// Has those who come from now on wait.
  void clear() { word_.fetch_and(~kSet, std::memory_order_relaxed); }
  /// Whether wait() would return at once.
  [[nodiscard]] bool is_set() const { return (word_.load(std::memory_order_acquire) & kSet) != 0; }

  /// Waits until it is set.
  void wait() {
    if (!is_set()) {
      wait_slow(detail::kNever);
    }
  }
  /// As wait(), for at most `timeout`. False if it was not set by then.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& timeout) {
    return is_set() || wait_slow(detail::deadline_after(timeout));
  }
  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return is_set() || wait_slow(detail::deadline_at(moment));
  }

  /// For weft::wait(): ready when it is set.
  [[nodiscard]] detail::WaitPoint wait_point() const;

 private:
  static constexpr std::uint32_t kSet = 1;
  static constexpr std::uint32_t kHasWaiters = 2;  // perhaps: they may have given up
  bool wait_slow(std::int64_t deadline);
  void set_slow();

  mutable std::atomic<std::uint32_t> word_{0};  // by who waits, too
};

}  // namespace weft
