// inbox.h: ready fibers from where no run queue may be touched: foreign threads, signal handlers,
// workers without a queue.
//
// Layer:  runtime.
#pragma once
#include <atomic>

#include "runtime/fiber.h"

namespace weft::runtime {

/// A lock-free stack, taken as a whole. One per scheduler. Threads: any, and signal handlers.
class Inbox {
 public:
  /// Sequentially consistent: see idle_workers.h.
  void put(Fiber* fiber) {
    Fiber* first = head_.load(std::memory_order_relaxed);
    do {
      fiber->next = first;
    } while (!head_.compare_exchange_weak(first, fiber, std::memory_order_seq_cst));
  }

  /// All fibers, the one that came first at the front, linked by `next`. Null if there are none.
  Fiber* take_all() {
    Fiber* newest = head_.exchange(nullptr, std::memory_order_acquire);
    Fiber* oldest = nullptr;
    while (newest != nullptr) {
      Fiber* const next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }

  [[nodiscard]] bool is_empty() const { return head_.load(std::memory_order_seq_cst) == nullptr; }
  void clear() { head_ = nullptr; }

 private:
  alignas(64) std::atomic<Fiber*> head_{nullptr};
};

}  // namespace weft::runtime
