// weft/latch.h: wait until a number of things have been done.
//
// Layer:  runtime, public.      See also: weft/barrier.h, weft/event.h.
#pragma once
#include <weft/detail/wait_point.h>
#include <weft/event.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

/// Counts down to zero, once, and lets all who wait for that go.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC. Counts go up to 4,294,967,295.
/// Errors:   count_down() throws std::logic_error, and counts nothing, if less than that is left.
///           On fibers a wait may throw: see AnyFiber::kill() and Timeout.
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  what was written before count_down() is seen after wait(). wait() may destroy it
///           afterwards.
/// Source:   std::latch.
///
///     weft::Latch done(3);
///     done.wait();
class Latch {
 public:
  /// `count` things are to be done.
  explicit Latch(std::uint32_t count);
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;
  ~Latch() = default;

  /// `count` of them are done.
  void count_down(std::uint32_t count = 1);
  /// Waits until all are done.
  void wait() { event_.wait(); }
  /// As wait(), for at most `timeout`. False if some are not done by then.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& timeout) {
    return event_.wait_for(timeout);
  }
  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return event_.wait_until(moment);
  }
  /// Whether all are done.
  [[nodiscard]] bool try_wait() const { return event_.is_set(); }
  /// count_down(), then wait().
  void arrive_and_wait(std::uint32_t count = 1) {
    count_down(count);
    wait();
  }

  /// For weft::wait(): ready when all are done.
  [[nodiscard]] detail::WaitPoint wait_point() const { return event_.wait_point(); }

 private:
  std::atomic<std::uint32_t> left_;
  Event event_;
};

}  // namespace weft
