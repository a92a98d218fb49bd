// gate.h: lets other kernel threads into a scheduler that may end at any time.
//
// Layer:  runtime. weft::Hub holds one.
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/spin_lock.h"

namespace weft::runtime {

class Scheduler;

/// Belongs to one scheduler, and lives as long as anybody refers to it.
///
/// Protocol: who comes in counts itself, then looks whether the gate is closed. Who closes it says
/// so, then waits until nobody is counted. Both are sequentially consistent: whoever is in when the
/// gate closes is waited for, and nobody comes after that.
class Gate {
 public:
  explicit Gate(Scheduler& scheduler) : scheduler_(scheduler) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// The scheduler, which does not end until leave(); null if it has ended. Not to be held across a
  /// wait.
  Scheduler* enter() {
    inside_.fetch_add(1);
    if (!is_closed_.load()) {
      return &scheduler_;
    }
    leave();
    return nullptr;
  }
  void leave() { inside_.fetch_sub(1); }
  [[nodiscard]] bool is_closed() const { return is_closed_.load(); }

  /// For good, once those inside have left: that takes as long as a spawn.
  void close() {
    is_closed_.store(true);
    yield_cpu_until([this] { return inside_.load() == 0; });
  }
  /// In a fork's child, which none of those inside has come along to.
  void after_fork_in_child() { inside_ = 0; }

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete this;
    }
  }

 private:
  ~Gate() = default;
  Scheduler& scheduler_;
  std::atomic<int> inside_{0};
  std::atomic<bool> is_closed_{false};
  std::atomic<std::uint32_t> references_{1};
};

}  // namespace weft::runtime
