#include <weft/sync.h>

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/parking_lot.h"

namespace weft {
namespace {

namespace lot = runtime::lot;
using lot::Choice;
using lot::Woken;
using runtime::Deadline;

// Whoever is woken may destroy the object, but its waker writes there until it gives up the bucket.
void let_waker_finish(const void* address) {
  const runtime::SpinGuard wait(lot::bucket_of(address).lock);
}

lot::ParkOptions wait_options(std::int64_t deadline, std::uint32_t tag = 0) {
  return {.deadline = Deadline::at(deadline), .tag = tag, .hears_of_deadlock = true};
}

void check(Woken woken, const char* call) {
  if (woken == Woken::kDeadlock) {
    detail::throw_deadlock(call);
  }
}

Choice wake_any(std::uint32_t /*tag*/) { return Choice::kWake; }

}  // namespace

// ---- Mutex. Whoever unlocks wakes the oldest waiter, which competes with all others for the
// mutex: handing it over would make every contended lock wait for a switch. One that lost says so
// by its tag, and gets the mutex handed over next time.

namespace {
constexpr std::uint32_t kCompetes = 0;
constexpr std::uint32_t kLostOnce = 1;
}  // namespace

bool Mutex::try_lock() {
  std::uint32_t seen = word_.load(std::memory_order_relaxed);
  while ((seen & kLocked) == 0) {
    if (word_.compare_exchange_weak(seen, seen | kLocked, std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

bool Mutex::lock_slow(std::int64_t deadline) {
  constexpr std::uint32_t kContended = kLocked | kHasWaiters;
  std::uint32_t tag = kCompetes;
  while (!try_lock()) {
    std::uint32_t expected = kLocked;
    if (!word_.compare_exchange_strong(expected, kContended, std::memory_order_relaxed) &&
        expected != kContended) {
      continue;
    }
    const auto is_contended = [this] {
      return word_.load(std::memory_order_relaxed) == kContended;
    };
    const Woken woken = lot::park(&word_, is_contended, wait_options(deadline, tag));
    check(woken, "weft::Mutex::lock");
    if (woken == Woken::kTimedOut) {
      return false;
    }
    if (woken == Woken::kUnparked) {
      if (tag == kLostOnce) {
        return true;  // handed over
      }
      tag = kLostOnce;
    }
  }
  return true;
}

void Mutex::unlock_slow() {
  bool chosen = false;
  bool handed_over = false;
  lot::unpark_if(
      &word_,
      [&](std::uint32_t tag) {
        if (chosen) {
          return Choice::kSkip;
        }
        chosen = true;
        handed_over = tag == kLostOnce;
        return Choice::kWake;
      },
      [&](int, int left) {
        word_.store((handed_over ? kLocked : 0) | (left > 0 ? kHasWaiters : 0),
                    std::memory_order_release);
      });
}

// ---- Condition

bool Condition::wait_until_deadline(Mutex* mutex, bool owned, std::int64_t deadline) {
  if (!owned) {
    detail::throw_errno(EPERM, "weft::Condition: the lock does not own its mutex");
  }
  const auto announce = [this] {
    has_waiters_.store(1, std::memory_order_seq_cst);
    return true;
  };
  const Woken woken = lot::park(
      this, announce, [mutex] { mutex->unlock(); }, wait_options(deadline));
  if (woken == Woken::kUnparked) {
    let_waker_finish(this);
  }
  mutex->lock();
  check(woken, "weft::Condition::wait");
  return woken != Woken::kTimedOut;
}

void Condition::notify_slow(int count) {
  int wanted = count;
  lot::unpark_if(
      this, [&](std::uint32_t) { return wanted-- > 0 ? Choice::kWake : Choice::kStop; },
      [this](int, int left) { has_waiters_.store(left > 0 ? 1 : 0, std::memory_order_seq_cst); });
}

// ---- Semaphore

bool Semaphore::acquire_slow(std::int64_t deadline) {
  while (!try_acquire()) {
    std::uint32_t expected = 0;
    if (!word_.compare_exchange_strong(expected, kHasWaiters, std::memory_order_relaxed) &&
        expected != kHasWaiters) {
      continue;
    }
    const auto is_empty = [this] { return word_.load(std::memory_order_relaxed) == kHasWaiters; };
    const Woken woken = lot::park(&word_, is_empty, wait_options(deadline));
    check(woken, "weft::Semaphore::acquire");
    if (woken == Woken::kTimedOut) {
      return false;
    }
    if (woken == Woken::kUnparked) {
      let_waker_finish(&word_);
      return true;  // with a permit that never was in the word
    }
  }
  return true;
}

void Semaphore::release(std::uint32_t count) {
  std::uint32_t seen = word_.load(std::memory_order_relaxed);
  do {
    if (count > kCount - (seen & kCount)) {
      detail::throw_errno(EOVERFLOW, "weft::Semaphore::release");
    }
    if ((seen & kHasWaiters) != 0) {
      release_slow(count);
      return;
    }
  } while (!word_.compare_exchange_weak(seen, seen + count, std::memory_order_release,
                                        std::memory_order_relaxed));
}

void Semaphore::release_slow(std::uint32_t count) {
  std::uint32_t rest = count;
  lot::unpark_if(
      &word_,
      [&](std::uint32_t) {
        if (rest == 0) {
          return Choice::kStop;
        }
        --rest;
        return Choice::kWake;
      },
      [&](int, int left) {
        std::uint32_t seen = word_.load(std::memory_order_relaxed);
        std::uint32_t wanted = 0;
        do {
          wanted = ((seen & kCount) + rest) | (left > 0 ? kHasWaiters : 0);
        } while (!word_.compare_exchange_weak(seen, wanted, std::memory_order_release,
                                              std::memory_order_relaxed));
      });
}

// ---- Event

bool Event::wait_slow(std::int64_t deadline) {
  while (!is_set()) {
    std::uint32_t expected = 0;
    if (!word_.compare_exchange_strong(expected, kHasWaiters, std::memory_order_relaxed) &&
        expected != kHasWaiters) {
      continue;
    }
    const auto is_unset = [this] { return word_.load(std::memory_order_relaxed) == kHasWaiters; };
    const Woken woken = lot::park(&word_, is_unset, wait_options(deadline));
    check(woken, "weft::Event::wait");
    if (woken == Woken::kTimedOut) {
      return false;
    }
    if (woken == Woken::kUnparked) {
      let_waker_finish(&word_);
      return true;
    }
  }
  return true;
}

void Event::set_slow() {
  if (!is_set()) {
    lot::unpark_if(&word_, wake_any,
                   [this](int, int) { word_.store(kSet, std::memory_order_release); });
  }
}

}  // namespace weft
