// weft/event.h: something has happened, or has not yet; any number of fibers wait until it has.
//
// Layer:  runtime, public.      See also: weft/sync.h.
#pragma once
#include <weft/detail/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

/// A flag to wait for, of four bytes.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   none.
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

  void set() {
    std::uint32_t expected = 0;
    if (!word_.compare_exchange_strong(expected, kSet, std::memory_order_release,
                                       std::memory_order_relaxed)) {
      set_slow();
    }
  }
  void clear() { word_.fetch_and(~kSet, std::memory_order_relaxed); }
  [[nodiscard]] bool is_set() const { return (word_.load(std::memory_order_acquire) & kSet) != 0; }

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

 private:
  static constexpr std::uint32_t kSet = 1;
  static constexpr std::uint32_t kHasWaiters = 2;  // perhaps: they may have given up
  bool wait_slow(std::int64_t deadline);
  void set_slow();

  std::atomic<std::uint32_t> word_{0};
};

}  // namespace weft
