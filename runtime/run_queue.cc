#include "runtime/run_queue.h"

#include <algorithm>

#include "runtime/seeded.h"

namespace weft::runtime {

Fiber* RunQueue::take_any() {
  const std::uint32_t size = size_.load(std::memory_order_relaxed);
  const std::uint32_t choice = size < 2 ? 0 : seeded_->below(std::min(size, kMostChoices));
  seeded_->count_turn();
  if (choice == 0) {
    return take_first();
  }
  forget_ahead();
  Fiber* previous = head_;
  for (std::uint32_t i = 1; i < choice; ++i) {
    previous = previous->next;
  }
  Fiber* const fiber = previous->next;
  previous->next = fiber->next;
  tail_ = tail_ == fiber ? previous : tail_;
  size_.store(size - 1, std::memory_order_relaxed);
  return fiber;
}

bool RunQueue::chooses_running() {
  const std::uint32_t others = size_.load(std::memory_order_relaxed);
  return others != 0 && seeded_->below(std::min(others, kMostChoices) + 1) == 0;
}

bool RunQueue::is_time_to_poll() {
  const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
  if (now < poll_at_ns_ && seeded_ == nullptr) {
    return false;
  }
  poll_at_ns_ = now + kPollSpacingNs;
  return true;
}

void RunQueue::drain_inbox() {
  Chain chain;
  for (Fiber* fiber = inbox_.take_all(); fiber != nullptr; fiber = fiber->next) {
    chain.first = chain.first == nullptr ? fiber : chain.first;
    chain.last = fiber;
    ++chain.count;
  }
  if (chain.count != 0) {
    lock();
    append(chain);
    unlock();
  }
}

RunQueue::Chain RunQueue::cut_half() {
  const std::uint32_t size = size_.load(std::memory_order_relaxed);
  Chain chain = {head_, head_, std::min((size + 1) / 2, kMostStolen)};
  for (std::uint32_t i = 1; i < chain.count; ++i) {
    chain.last = chain.last->next;
  }
  if (chain.count != 0) {
    head_ = chain.last->next;
    forget_ahead();
    size_.store(size - chain.count, std::memory_order_relaxed);
  }
  return chain;
}

Fiber* RunQueue::steal_from(RunQueue& victim) {
  if (victim.size_.load(std::memory_order_relaxed) == 0) {
    return nullptr;
  }
  victim.lock();
  Chain stolen = victim.cut_half();
  victim.unlock();
  if (stolen.count == 0) {
    return nullptr;
  }
  Fiber* const fiber = stolen.first;
  if (stolen.count > 1) {
    stolen.first = fiber->next;
    --stolen.count;
    lock();
    append(stolen);
    unlock();
  }
  return fiber;
}

void RunQueue::after_fork_in_child() {
  lock_.after_fork_in_child();
  is_busy_ = false;
  head_ = nullptr;
  forget_ahead();
  tail_ = nullptr;
  size_ = 0;
  holder = nullptr;
  timers.clear();
}

}  // namespace weft::runtime
