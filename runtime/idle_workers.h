// idle_workers.h: the workers of a scheduler that have nothing to run, and how one of them is
// woken.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("Idle workers").
//
// Protocol, so that no ready fiber is overlooked: a worker counts itself as sleeping, then looks at
// all queues and the inbox once more, then blocks in the hub. Whoever makes a fiber ready queues
// it, then looks at the count. All of these are sequentially consistent, so one of them sees the
// other.
//
// Protocol, so that a burst of wake-ups costs one system call and wakes one worker: whoever turns
// is_waking_ on writes to the hub's eventfd. Whoever polls that event turns it off, and looks at
// all queues after that. So a fiber that was queued while the flag was on is seen by that look.
#pragma once
#include <atomic>

#include "runtime/hub.h"

namespace weft::runtime {

class IdleWorkers {
 public:
  explicit IdleWorkers(Hub& hub) : hub_(hub) {}
  IdleWorkers(const IdleWorkers&) = delete;
  IdleWorkers& operator=(const IdleWorkers&) = delete;
  ~IdleWorkers() = default;

  // -- a worker, on its way into the hub and out of it --
  void enter() { sleeping_.fetch_add(1, std::memory_order_seq_cst); }
  void leave() { sleeping_.fetch_sub(1, std::memory_order_relaxed); }
  /// It has polled the event of wake_one().
  void was_woken() { is_waking_.store(false, std::memory_order_seq_cst); }

  /// A worker does without waking for a while, if fewer than `others` already do.
  [[nodiscard]] bool begin_nap(int others) {
    int napping = napping_.load(std::memory_order_relaxed);
    while (napping < others) {
      if (napping_.compare_exchange_weak(napping, napping + 1, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  void end_nap() { napping_.fetch_sub(1, std::memory_order_relaxed); }

  // -- any thread, and signal handlers --
  /// Wakes one worker if any sleeps in the hub. At most one system call.
  void wake_one() {
    if (sleeping_.load(std::memory_order_seq_cst) > 0 &&
        !is_waking_.load(std::memory_order_seq_cst) && !is_waking_.exchange(true)) {
      hub_.wake();
    }
  }
  [[nodiscard]] int sleeping() const { return sleeping_.load(std::memory_order_seq_cst); }
  [[nodiscard]] int napping() const { return napping_.load(std::memory_order_relaxed); }

  /// The scheduler has ended: from now on nobody writes to the hub's eventfd. Whoever has turned
  /// is_waking_ on may still be about to, so its event is waited for.
  void shut() {
    if (is_waking_.exchange(true)) {
      while (!hub_.poll(-1).woken) {
      }
    }
  }

  /// In a fork's child, whose only worker is awake.
  void after_fork_in_child() {
    sleeping_ = 0;
    napping_ = 0;
    is_waking_ = false;
  }

 private:
  alignas(64) std::atomic<int> sleeping_{0};
  std::atomic<int> napping_{0};
  Hub& hub_;
  std::atomic<bool> is_waking_{false};
};

}  // namespace weft::runtime
