// run_queue.h: ready fibers, their timers, and who runs them: what one worker hands over to another
// when it is stuck.
//
// Layer:  runtime.      See also: worker.h, monitor.h, runtime/DESIGN.md ("Handoff").
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/fiber.h"
#include "runtime/hub.h"
#include "runtime/timers.h"

namespace weft::runtime {

/// Invariants: 1. The local list is touched only by the worker that holds the queue, in runtime
/// mode (worker.h).
///             2. Everybody else puts into the inbox. Whoever does so while the holder sleeps in
///             the hub wakes it: the sleeper
///                stores asleep_, then looks into the inbox; the putter puts, then looks at asleep_
///                (both sequentially consistent), so one of them sees the other.
class RunQueue {
 public:
  explicit RunQueue(Hub& hub) : hub_(hub) {}
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;
  ~RunQueue() = default;

  // -- the holder, in runtime mode --
  void push(Fiber* fiber);
  /// The next ready fiber; null if there is none, and now and then although there is one: then the
  /// hub shall be looked at.
  Fiber* pick();
  /// The next ready fiber, or null.
  Fiber* pop();
  /// Wakes fibers whose deadlines have passed.
  void fire_timers();
  /// Waits for events, timers or a put, if no fiber is ready; else only looks. Whether a signal
  /// handler ran.
  bool poll_hub();
  /// A signal handler that interrupted the holder must not touch the local list.
  [[nodiscard]] bool is_busy() const { return busy_; }

  // -- any thread, and signal handlers --
  void put(Fiber* fiber);
  /// After arming a timer from outside: the holder may sleep until a later one.
  void poke();
  [[nodiscard]] std::uint64_t picks() const { return picks_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_asleep() const { return asleep_.load(std::memory_order_relaxed); }

  /// In a fork's child: empty, and not held by a thread that the fork left behind.
  void after_fork_in_child();

  Timers timers;

 private:
  void drain_inbox();

  // Every 61st pick looks at the hub, the timers and the inbox first, so that no busy fiber starves
  // them.
  static constexpr std::uint64_t kPicksBetweenPolls = 61;

  Hub& hub_;
  Fiber* head_ = nullptr;
  Fiber* tail_ = nullptr;
  bool busy_ = false;
  std::atomic<std::uint64_t> picks_{0};
  alignas(64) std::atomic<Fiber*> inbox_{nullptr};
  std::atomic<bool> asleep_{false};
};

}  // namespace weft::runtime
