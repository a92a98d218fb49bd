// held_locks.h: how many of weft's own locks a thread holds, and the signals that have to wait for
// that.
//
// Layer:  runtime, lowest.
//
// A handler may call what needs the very lock that its thread holds: sem_post is one that POSIX
// allows. A signal that comes meanwhile is kept for the fiber, if there is one (fiber_signals.h).
// On a kernel thread that runs none it is sent back to the kernel, which keeps it as long as all
// signals are blocked; the last unlock puts the mask back. That costs system calls only then; else
// an increment and a decrement. No lock is held across a switch, so the TLS is the same at both.
#pragma once
#include <signal.h>

#include <atomic>
#include <cstdint>

namespace weft::runtime {

struct HeldLocks {
  int count = 0;
  bool is_owed = false;    // a signal waits, and all are blocked
  std::uint64_t mask = 0;  // the one to go back to then

  /// Around each lock: `begin` before it is taken, `end` when it is free again.
  void begin() {
    ++count;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  void end() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    --count;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (is_owed && count == 0) [[unlikely]] {
      deliver();
    }
  }
  /// In a handler: false if nothing is held. Else the signal comes again when nothing is.
  bool postpone(const siginfo_t& info, void* context);

 private:
  void deliver();
};

/// The running thread's. Never cache its address across a switch.
extern constinit thread_local HeldLocks held_locks [[gnu::tls_model("initial-exec")]];

}  // namespace weft::runtime
