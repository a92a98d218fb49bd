// run_queue.h: ready fibers and their timers: what one worker hands over to another when it is
// stuck, and steals from when it has nothing to do.
//
// Layer:  runtime.      See also: worker.h, monitor.h, runtime/DESIGN.md ("RunQueue").
#pragma once
#include <atomic>
#include <cstdint>

#include "runtime/fiber.h"
#include "runtime/inbox.h"
#include "runtime/spin_lock.h"
#include "runtime/timers.h"

namespace weft::runtime {

class Worker;

/// First in, first out.
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
  RunQueue(Inbox& inbox, bool is_shared) : inbox_(inbox), is_shared_(is_shared) {}
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;
  ~RunQueue() = default;

  // -- any thread that is known to come back to its scheduler's queues, and signal handlers on it
  // --
  /// False if somebody is in the list just now: then the inbox takes the fiber.
  [[nodiscard]] bool try_push(Fiber* fiber);

  // -- the holder, in runtime mode --
  /// The next ready fiber; null if there is none, and now and then although there is one: then the
  /// hub shall be looked at.
  Fiber* pick();
  /// The next ready fiber, or null.
  Fiber* pop();
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
  bool try_lock();
  void lock();
  void unlock();
  void append(const Chain& chain);
  void drain_inbox();
  Chain cut_half();

  // Every 61st pick looks at the hub and the inbox first, so that no busy fiber starves them.
  static constexpr std::uint64_t kPicksBetweenPolls = 61;
  // A thief walks the list under its lock: not for ever.
  static constexpr std::uint32_t kMostStolen = 64;

  Inbox& inbox_;
  const bool is_shared_;
  alignas(64) SpinLock lock_;
  std::atomic<bool> is_busy_{false};  // the lock, where the queue is not shared
  std::atomic<std::uint32_t> size_{0};
  Fiber* head_ = nullptr;
  Fiber* tail_ = nullptr;
  std::atomic<std::uint64_t> picks_{0};
};

}  // namespace weft::runtime
