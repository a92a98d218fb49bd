#include "runtime/run_queue.h"

#include <algorithm>

namespace weft::runtime {

bool RunQueue::try_lock() {
  if (is_shared_) {
    return lock_.try_lock();
  }
  if (is_busy_.load(std::memory_order_relaxed)) {
    return false;
  }
  is_busy_.store(true, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return true;
}

void RunQueue::lock() {
  if (is_shared_) {
    lock_.lock();
  } else {
    is_busy_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

void RunQueue::unlock() {
  if (is_shared_) {
    lock_.unlock();
  } else {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    is_busy_.store(false, std::memory_order_relaxed);
  }
}

void RunQueue::append(const Chain& chain) {
  chain.last->next = nullptr;
  if (head_ == nullptr) {
    head_ = chain.first;
  } else {
    tail_->next = chain.first;
  }
  tail_ = chain.last;
  if (is_shared_) {
    size_.fetch_add(chain.count, std::memory_order_seq_cst);
  } else {
    size_.store(size_.load(std::memory_order_relaxed) + chain.count, std::memory_order_relaxed);
  }
}

bool RunQueue::try_push(Fiber* fiber) {
  if (!try_lock()) {
    return false;
  }
  append({fiber, fiber, 1});
  unlock();
  return true;
}

Fiber* RunQueue::pop() {
  drain_inbox();
  if (size_.load(std::memory_order_relaxed) == 0) {
    return nullptr;
  }
  lock();
  Fiber* const fiber = head_;
  if (fiber != nullptr) {
    head_ = fiber->next;
    size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }
  unlock();
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

void RunQueue::drain_inbox() {
  if (inbox_.is_empty()) {
    return;
  }
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
  tail_ = nullptr;
  size_ = 0;
  holder = nullptr;
  timers.clear();
}

}  // namespace weft::runtime
