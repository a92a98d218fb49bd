// timers.h: deadlines of parked fibers, soonest first.
//
// Layer:  runtime. Arming and cancelling allocate nothing: a timer is part of the fiber that waits
// for it.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/deadline.h"
#include "runtime/spin_lock.h"

namespace weft::runtime {

class Timers;
struct Fiber;

/// One deadline. Lives in its fiber. Fields are guarded by the lock of the Timers that `owner`
/// names; owner itself may be read without.
struct Timer {
  std::int64_t deadline_ns = 0;
  std::atomic<Timers*> owner{nullptr};  // null: not armed
  std::uint32_t index = 0;              // place in the owner's heap
};

/// A 4-ary heap of timers.
///
/// Invariants: 1. A timer with owner == this is at heap_[timer.index], and no other is in the heap.
///             2. Each entry's deadline is not before its parent's.
/// Threads:    any.
class Timers {
 public:
  constexpr Timers() = default;
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers() = default;

  /// Arms a timer that is not armed. False when memory is short.
  [[nodiscard]] bool arm(Timer& timer, Deadline deadline);
  /// Takes a timer out wherever it is armed. False if it was not armed (it has expired, or never
  /// was).
  static bool cancel(Timer& timer);
  /// Takes out and returns one timer whose deadline is at or before `now_ns`; null if there is
  /// none.
  Timer* take_expired(std::int64_t now_ns);
  /// The soonest deadline, or never.
  [[nodiscard]] Deadline soonest();
  /// Forgets all timers: in a fork's child, where their fibers do not exist.
  void clear();

 private:
  struct Entry {
    std::int64_t deadline_ns;
    Timer* timer;
  };
  static constexpr std::uint32_t kArity = 4;
  bool grow();
  void sift_up(std::uint32_t at, Entry entry);
  void sift_down(std::uint32_t at, Entry entry);
  void place(std::uint32_t at, Entry entry);
  void remove_at(std::uint32_t at);

  SpinLock lock_;
  Entry* heap_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace weft::runtime
