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

  /// Who puts a fiber, until it touches the scheduler no more: from put() on the fiber may run, and
  /// be the last that its scheduler waited for.
  void enter() { visitors_.fetch_add(1); }
  void leave() { visitors_.fetch_sub(1); }
  /// They are here for a few instructions.
  [[nodiscard]] bool has_visitors() const { return visitors_.load() != 0; }

  /// In a fork's child.
  void clear() { head_ = nullptr; }
  void forget_visitors() { visitors_ = 0; }

 private:
  alignas(64) std::atomic<Fiber*> head_{nullptr};
  std::atomic<int> visitors_{0};  // beside what they write anyway
};

}  // namespace weft::runtime
