// run_queue.h: ready fibers and their timers: what one worker hands over to another when it is
// stuck, and steals from when it has nothing to do.
//
// Layer:  runtime.      See also: worker.h, monitor.h, runtime/DESIGN.md ("RunQueue").
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/fiber.h"
#include "runtime/inbox.h"
#include "runtime/spin_lock.h"
#include "runtime/timers.h"

namespace weft::runtime {

class Seeded;
class Worker;

/// First in, first out; in a seeded run, any of the first ones.
///
/// Invariants: 1. The list is touched under the lock. Where one kernel thread runs all fibers of
/// the
///                scheduler the lock is a plain flag against its own signal handlers.
///             2. size_ is changed under the lock; a push changes it sequentially consistently,
///             since
///                whoever goes to sleep looks at it (idle_workers.h).
///             3. holder is changed under the scheduler's hand-off lock.
class RunQueue {
 public:
  RunQueue(Inbox& inbox, bool is_shared, Seeded* seeded)
      : inbox_(inbox), seeded_(seeded), is_shared_(is_shared) {}
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;
  ~RunQueue() = default;

  // -- any thread that is known to come back to its scheduler's queues, and signal handlers on it
  // --
  /// False if somebody is in the list just now: then the inbox takes the fiber.
  [[nodiscard]] bool try_push(Fiber* fiber) {
    if (!try_lock()) {
      return false;
    }
    append({fiber, fiber, 1});
    unlock();
    return true;
  }

  // -- the holder, in runtime mode --
  /// The next ready fiber; null if there is none, and now and then although there is one: then the
  /// hub shall be looked at.
  Fiber* pick() {
    const std::uint64_t picks = picks_.load(std::memory_order_relaxed) + 1;
    picks_.store(picks, std::memory_order_relaxed);
    if (picks % kPicksBetweenPolls == 0 && is_time_to_poll()) {
      drain_inbox();  // or the fiber that yields now would be queued before those, and run first
      return nullptr;
    }
    return pop();
  }
  /// The next ready fiber, or null.
  Fiber* pop() {
    if (!inbox_.is_empty()) {
      drain_inbox();
    }
    if (size_.load(std::memory_order_relaxed) == 0) {
      return nullptr;
    }
    lock();
    Fiber* const fiber = seeded_ == nullptr ? take_first() : take_any();
    unlock();
    return fiber;
  }
  [[nodiscard]] bool is_seeded() const { return seeded_ != nullptr; }
  /// In a seeded run: whether the running fiber, which yields, goes on. Never if it is the only
  /// one, for virtual time goes on with each turn, and the hub has to be looked at.
  [[nodiscard]] bool chooses_running();
  /// Takes half of another's fibers, returns the first and queues the rest. Null if there were
  /// none.
  Fiber* steal_from(RunQueue& victim);

  // -- any thread --
  [[nodiscard]] std::uint32_t size() const { return size_.load(std::memory_order_seq_cst); }
  /// Whether pop() would find nothing.
  [[nodiscard]] bool is_empty() const { return size() == 0 && inbox_.is_empty(); }
  [[nodiscard]] std::uint64_t picks() const { return picks_.load(std::memory_order_relaxed); }

  /// In a fork's child: empty, and not held by a thread that the fork left behind.
  void after_fork_in_child();

  Timers timers;
  std::atomic<Worker*> holder{nullptr};

 private:
  struct Chain {
    Fiber* first = nullptr;
    Fiber* last = nullptr;
    std::uint32_t count = 0;
  };
  bool try_lock() {
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
  void lock() {
    if (is_shared_) {
      lock_.lock();
    } else {
      is_busy_.store(true, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  }
  void unlock() {
    if (is_shared_) {
      lock_.unlock();
    } else {
      std::atomic_signal_fence(std::memory_order_seq_cst);
      is_busy_.store(false, std::memory_order_relaxed);
    }
  }
  void append(const Chain& chain) {
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
  void drain_inbox();
  bool is_time_to_poll();
  Chain cut_half();
  // Where there are more fibers than the caches hold, a switch waits for the next one's control
  // block and stack. So these are asked for some switches before. ahead_ is so many places behind
  // head_; at no place, it is head_.
  void look_ahead() {
    if (places_ahead_ > 0) {
      --places_ahead_;
    } else {
      ahead_ = head_;
    }
    for (int step = 0; step < 2 && places_ahead_ < kMostAhead && ahead_ != nullptr; ++step) {
      prefetch(ahead_->context, 2);  // what jump_fcontext restores, and the frames behind that
      if (ahead_->next == nullptr) {
        break;
      }
      ahead_ = ahead_->next;
      ++places_ahead_;
      prefetch(ahead_, 2);
    }
  }
  static void prefetch(const void* memory, int lines) {
    for (int line = 0; line < lines; ++line) {
      __builtin_prefetch(static_cast<const char*>(memory) + std::ptrdiff_t{64} * line, 1);
    }
  }
  void forget_ahead() { places_ahead_ = 0; }
  Fiber* take_first() {
    Fiber* const fiber = head_;
    if (fiber != nullptr) {
      head_ = fiber->next;
      look_ahead();
      size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
    return fiber;
  }
  Fiber* take_any();

  // Every 61st pick looks at the hub and the inbox first, so that no busy fiber starves them; but
  // fibers that do nothing but switch need no system call every two microseconds.
  static constexpr std::uint64_t kPicksBetweenPolls = 61;
  static constexpr int kMostAhead = 4;
  static constexpr std::int64_t kPollSpacingNs = 20'000;
  // A thief walks the list under its lock: not for ever.
  static constexpr std::uint32_t kMostStolen = 64;
  // Nor does a seeded pick walk on and on.
  static constexpr std::uint32_t kMostChoices = 256;

  Inbox& inbox_;
  Seeded* const seeded_;  // null: first in, first out
  const bool is_shared_;
  alignas(64) SpinLock lock_;
  std::atomic<bool> is_busy_{false};  // the lock, where the queue is not shared
  std::atomic<std::uint32_t> size_{0};
  Fiber* head_ = nullptr;
  Fiber* ahead_ = nullptr;
  int places_ahead_ = 0;
  Fiber* tail_ = nullptr;
  std::atomic<std::uint64_t> picks_{0};
  std::int64_t poll_at_ns_ = 0;
};

}  // namespace weft::runtime
