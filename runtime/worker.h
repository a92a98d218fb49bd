// worker.h: one kernel thread that runs fibers: its queue, its inbox, its idle loop.
//
// Layer:  runtime.      See also: scheduler.h, runtime/DESIGN.md ("Workers").
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/context.h"
#include "runtime/fiber.h"
#include "runtime/timers.h"

namespace weft::runtime {

class Scheduler;

/// Invariants: 1. queue_ is touched by the worker's own kernel thread only; others put into inbox_.
///             2. Whoever puts into inbox_ while the worker sleeps wakes it: sleeper stores kAsleep, then looks into the
///                inbox; putter puts, then looks for kAsleep (both sequentially consistent), so one of them sees the other.
///             3. The idle context runs whenever no fiber does; only it polls the hub.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Prepares a worker on the calling kernel thread, whose running code becomes `main`.
  [[nodiscard]] bool adopt(Scheduler* scheduler, Fiber* main);
  /// Gives back what adopt() took: its kernel thread ends.
  void retire();

  /// Switches from the running fiber to the next one, then runs `after` on that one's stack.
  void leave(Fiber* self, AfterSwitch after);

  /// Makes a ready fiber run soon. Threads: any; async-signal-safe.
  void enqueue(Fiber* fiber);

  /// Puts a ready fiber behind the others. The worker's own kernel thread only.
  void push(Fiber* fiber);

  /// In a fork's child, on the one fiber that lives on.
  void after_fork_in_child();

  /// The kernel thread's signal mask shall be this one.
  void apply_signal_mask(std::uint64_t mask);
  [[nodiscard]] std::uint64_t kernel_mask() const { return kernel_mask_; }

  Timers timers;
  Fiber* idle = nullptr;  // the context in which no fiber runs
  Scheduler* scheduler = nullptr;
  pid_t kernel_tid = 0;
  std::uint64_t switches = 0;

 private:
  static void idle_main(Fiber* self);
  void idle_loop();
  Fiber* pick();
  Fiber* pop();
  void drain_inbox();
  void put_into_inbox(Fiber* fiber);
  bool fire_timers();
  void poll_hub();

  // Every 61st pick looks at the hub, the timers and the inbox first, so that no busy fiber starves them.
  static constexpr std::uint32_t kPicksBetweenPolls = 61;

  Fiber* head_ = nullptr;
  Fiber* tail_ = nullptr;
  bool queue_busy_ = false;  // a signal handler may find the queue half changed
  std::uint32_t picks_ = 0;
  std::uint64_t kernel_mask_ = 0;
  alignas(64) std::atomic<Fiber*> inbox_{nullptr};
  std::atomic<bool> asleep_{false};
};

}  // namespace weft::runtime
