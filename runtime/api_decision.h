// api_decision.h: one wait for one of many offers, and how it is decided: see api_transact.cc.
//
// Layer:  runtime.
#pragma once
#include <weft/detail/exchange.h>
#include <weft/detail/shielded.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>

#include "runtime/parking_lot.h"

namespace weft::detail {

/// Lies on the stack of who waits.
struct Decision {
  /// True for one caller.
  bool claim() {
    std::uint32_t expected = 0;
    return claimed.compare_exchange_strong(expected, 1, std::memory_order_acq_rel);
  }
  [[nodiscard]] bool is_open() const { return claimed.load(std::memory_order_acquire) == 0; }

  std::atomic<std::uint32_t> claimed{0};
  // By who has claimed it, until it is settled.
  Concluded result;
  std::exception_ptr error;
  Decision* behind = nullptr;
  std::atomic<std::uint32_t> settled{0};  // its owner sleeps on this
};

/// Waits that have been decided, by who holds mutexes: settled when it has let go of them.
class Served {
 public:
  Served() = default;
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  ~Served() {
    while (first_ != nullptr) {
      Decision* const decision = std::exchange(first_, first_->behind);
      // Under the lock of the parking lot: behind that the decision may be gone.
      runtime::lot::unpark_if(
          &decision->settled, [](std::uint32_t) { return runtime::lot::Choice::kWake; },
          [decision](int, int) { decision->settled.store(1, std::memory_order_release); });
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

/// An exchange's mutex, for a few moves: a wait for that is not called off.
class Hold {
 public:
  explicit Hold(Mutex& mutex) : mutex_(mutex) {
    const Shielded shielded;
    mutex_.lock();
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace weft::detail
