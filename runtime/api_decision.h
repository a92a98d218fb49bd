// api_decision.h: one wait for one of many offers, and how it is decided: see api_transact.cc.
//
// Layer:  runtime.
#pragma once
#include <weft/detail/exchange.h>
#include <weft/detail/rmw.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>

#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"

namespace weft::detail {

/// Lies on the stack of who waits.
struct Decision {
  /// True for one caller.
  bool claim() {
    std::uint32_t expected = 0;
    return compare_exchange(claimed, expected, 1U, std::memory_order_acq_rel);
  }
  [[nodiscard]] bool is_open() const { return claimed.load(std::memory_order_acquire) == 0; }

  std::atomic<std::uint32_t> claimed{0};
  // By who has claimed it, until it is settled.
  Concluded result;
  std::exception_ptr error;
  Decision* behind = nullptr;
  std::atomic<std::uint32_t> settled{0};  // its owner sleeps on this
  runtime::Fiber* const owner = runtime::current();
};

/// Waits that have been decided, by who holds mutexes: settled when it has let go of them.
class Served {
 public:
  Served() = default;
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  ~Served() {
    while (first_ != nullptr) {
      Decision& decision = *std::exchange(first_, first_->behind);
      runtime::Fiber* const owner = decision.owner;
      decision.settled.store(1, std::memory_order_release);  // from here on it may be gone
      runtime::lot::wake_sleeper(owner, decision.settled);
    }
  }

  /// One that the caller has claimed.
  void add(Offer& offer, bool is_closed = false, std::exception_ptr error = nullptr) {
    Decision& decision = *offer.decision;
    decision.result = {&offer, is_closed};
    decision.error = std::move(error);
    decision.behind = std::exchange(first_, &decision);
  }

 private:
  Decision* first_ = nullptr;
};

/// An exchange's mutex, for a few moves.
class Hold {
 public:
  explicit Hold(Mutex& mutex) : mutex_(mutex) { lock_shielded(mutex_); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace weft::detail
