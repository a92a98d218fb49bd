// weft/barrier.h: a number of fibers wait for each other, again and again.
//
// Layer:  runtime, public.      See also: weft/latch.h.
#pragma once
#include <weft/detail/time.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <utility>

namespace weft {

/// The others will not come any more: see Barrier.
///
/// Source:   threading.BrokenBarrierError.
///
///     catch (const weft::BrokenBarrier&) { return; }
class BrokenBarrier : public std::runtime_error {
 public:
  /// Made by Barrier::wait().
  BrokenBarrier();
};

/// Lets those who wait go when as many have come as there are parties. Then it can be used again.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   the constructor throws std::system_error(EINVAL) for no parties. A wait throws
///           BrokenBarrier if the barrier is broken, or gets so meanwhile: by abort(), by a wait
///           whose time is up, one whose fiber is killed or out of time (that one throws what ends
///           it: see AnyFiber::kill() and Timeout), or by an action that throws (its caller throws
///           the same). It stays broken until reset().
/// Threads:  fibers of all schedulers, and kernel threads without fibers.
/// Promise:  what was written before wait() is seen by all parties after it. The last one to come
///           runs the action while the others still wait, also beyond their time. Once all waits
///           have returned, the barrier may be destroyed.
/// Source:   threading.Barrier.
///
///     weft::Barrier barrier(3);
///     if (barrier.wait() == 0) sum_up();
class Barrier {
 public:
  /// For `parties` fibers. The action is called each time they have all come.
  explicit Barrier(std::size_t parties, std::function<void()> action = {})
      : parties_(checked(parties)), action_(std::move(action)) {}
  /// The same, with a limit for each wait() that has none of its own.
  template <class Rep, class Period>
  Barrier(std::size_t parties, std::function<void()> action,
          const std::chrono::duration<Rep, Period>& timeout)
      : parties_(checked(parties)),
        action_(std::move(action)),
        timeout_(detail::saturated(timeout)) {}
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;
  ~Barrier() = default;

  /// Waits until all parties have come. Returns how many had come before: each party another
  /// number.
  std::size_t wait() { return wait_for(timeout_); }
  /// As wait(). If `timeout` passes before, the barrier is broken.
  template <class Rep, class Period>
  std::size_t wait_for(const std::chrono::duration<Rep, Period>& timeout) {
    return wait_by(detail::deadline_after(timeout));
  }
  /// As wait_for(), until `moment`, as the clocks stand to each other now.
  template <class Clock, class Duration>
  std::size_t wait_until(const std::chrono::time_point<Clock, Duration>& moment) {
    return wait_by(detail::deadline_at(moment));
  }

  /// Makes it as new. Those who wait now throw BrokenBarrier.
  void reset();
  /// Breaks it. Those who wait now throw BrokenBarrier, and so do those who come.
  void abort();

  /// How many have to come.
  [[nodiscard]] std::size_t parties() const { return parties_; }
  /// How many wait now.
  [[nodiscard]] std::size_t n_waiting() const { return count_.load(std::memory_order_relaxed); }
  /// Whether it is broken.
  [[nodiscard]] bool broken() const { return is_broken_.load(std::memory_order_relaxed); }

 private:
  struct Arrival;
  static std::size_t checked(std::size_t parties);
  std::size_t wait_by(std::int64_t deadline);
  void act(Arrival* others);
  void leave(Arrival& mine);
  Arrival* take_all();
  void end_all(bool is_broken);

  const std::size_t parties_;
  const std::function<void()> action_;
  const std::chrono::nanoseconds timeout_ = std::chrono::nanoseconds::max();
  // -- written under the lock of the barrier's bucket in the parking lot --
  Arrival* latest_ = nullptr;  // of those who wait
  std::atomic<std::size_t> count_{0};
  std::atomic<bool> is_broken_{false};
};

}  // namespace weft
