#include "runtime/run_queue.h"

#include "runtime/scheduler.h"

namespace weft::runtime {

void RunQueue::push(Fiber* fiber) {
  busy_ = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  fiber->next = nullptr;
  if (head_ == nullptr) {
    head_ = fiber;
  } else {
    tail_->next = fiber;
  }
  tail_ = fiber;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  busy_ = false;
}

Fiber* RunQueue::pop() {
  if (inbox_.load(std::memory_order_relaxed) != nullptr) {
    drain_inbox();
  }
  busy_ = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  Fiber* const fiber = head_;
  if (fiber != nullptr) {
    head_ = fiber->next;
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
  busy_ = false;
  return fiber;
}

Fiber* RunQueue::pick() {
  const std::uint64_t picks = picks_.load(std::memory_order_relaxed) + 1;
  picks_.store(picks, std::memory_order_relaxed);
  if (picks % kPicksBetweenPolls == 0) {
    drain_inbox();  // or the fiber that yields now would be queued before those, and run first
    return nullptr;
  }
  return pop();
}

void RunQueue::put(Fiber* fiber) {
  Fiber* first = inbox_.load(std::memory_order_relaxed);
  do {
    fiber->next = first;
  } while (!inbox_.compare_exchange_weak(first, fiber, std::memory_order_seq_cst));
  poke();
}

void RunQueue::poke() {
  // Invariant 2. Whoever turns asleep_ off does the waking, so a burst of wake-ups costs one write.
  if (asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false)) {
    hub_.wake();
  }
}

void RunQueue::drain_inbox() {
  Fiber* newest = inbox_.exchange(nullptr, std::memory_order_acquire);
  Fiber* oldest = nullptr;
  while (newest != nullptr) {
    Fiber* const next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    Fiber* const next = oldest->next;
    push(oldest);
    oldest = next;
  }
}

void RunQueue::fire_timers() {
  if (timers.empty()) {
    return;
  }
  const std::int64_t now = now_ns();
  while (Timer* const timer = timers.take_expired(now)) {
    unpark(reinterpret_cast<Fiber*>(reinterpret_cast<char*>(timer) -
                                    __builtin_offsetof(Fiber, timer)));
  }
}

bool RunQueue::poll_hub() {
  Deadline until = Deadline::at(0);
  if (head_ == nullptr) {
    asleep_.store(true, std::memory_order_seq_cst);
    if (inbox_.load(std::memory_order_seq_cst) == nullptr) {
      until = timers.soonest();
    }
  }
  const Hub::Polled polled = hub_.poll(until);
  asleep_.store(false, std::memory_order_relaxed);
  return polled == Hub::Polled::kSignal;
}

void RunQueue::after_fork_in_child() {
  head_ = nullptr;
  tail_ = nullptr;
  busy_ = false;
  inbox_ = nullptr;
  asleep_ = false;
  timers.clear();
}

}  // namespace weft::runtime
