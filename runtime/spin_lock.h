// spin_lock.h: a lock for a few instructions, between kernel threads. Never held across a park.
//
// Layer:  runtime. Constant-initialised; unlocked when zero.
#pragma once
#include <weft/detail/rmw.h>

#include <atomic>
#include <cstdint>

#include "runtime/held_locks.h"
#include "runtime/sys.h"

namespace weft::runtime {

/// Test-and-test-and-set. A holder that the kernel preempted is waited for by giving up the CPU,
/// so a lock held across a preemption costs a time slice and not a core.
class SpinLock {
 public:
  void lock() {
    held_locks.begin();
    while (!take()) {
      wait();
    }
  }
  void unlock() {
    word_.store(0, std::memory_order_release);
    held_locks.end();
  }
  bool try_lock() {
    held_locks.begin();
    const bool taken = take();
    if (!taken) {
      held_locks.end();
    }
    return taken;
  }
  /// Whether somebody holds it. If not, what the last holder has written is seen.
  [[nodiscard]] bool is_locked() const { return word_.load(std::memory_order_acquire) != 0; }
  /// In a fork's child: its holder is a thread that the fork left behind, if any.
  void after_fork_in_child() { word_.store(0, std::memory_order_relaxed); }
  /// What a loop does that waits for another processor.
  static void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

 private:
  bool take() {
    std::uint32_t expected = 0;
    return detail::compare_exchange(word_, expected, 1U, std::memory_order_acquire);
  }
  void wait() {
    for (int spins = 0; word_.load(std::memory_order_relaxed) != 0; ++spins) {
      if (spins >= kSpinsBeforeYield) {
        sys::call(SYS_sched_yield);
      } else {
        relax();
      }
    }
  }
  static constexpr int kSpinsBeforeYield = 64;
  std::atomic<std::uint32_t> word_{0};
};

/// Gives up the CPU until is_over() says so: for what other kernel threads are about to do.
template <class IsOver>
void yield_cpu_until(IsOver is_over) {
  while (!is_over()) {
    sys::call(SYS_sched_yield);
  }
}

/// Holds a SpinLock for a scope.
class SpinGuard {
 public:
  explicit SpinGuard(SpinLock& lock) : lock_(lock) { lock_.lock(); }
  ~SpinGuard() { lock_.unlock(); }
  SpinGuard(const SpinGuard&) = delete;
  SpinGuard& operator=(const SpinGuard&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace weft::runtime
