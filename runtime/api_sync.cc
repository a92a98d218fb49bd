#include <weft/detail/shielded.h>
#include <weft/sync.h>

#include <cerrno>

#include "runtime/api_wait.h"

namespace weft {
namespace {

namespace lot = runtime::lot;
using detail::check;
using detail::let_waker_finish;
using detail::wait_options;
using lot::Choice;
using lot::Woken;

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
    if (detail::compare_exchange(word_, seen, seen | kLocked, std::memory_order_acquire)) {
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
    if (!detail::compare_exchange(word_, expected, kContended, std::memory_order_relaxed) &&
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

void detail::lock_shielded(Mutex& mutex) {
  if (!mutex.try_lock_free()) {
    const Shielded shielded;
    mutex.lock_slow(kNever);
  }
}

// ---- Condition

bool Condition::wait_until_deadline(Mutex* mutex, bool owned, std::int64_t deadline) {
  if (!owned) {
    detail::throw_errno(EPERM, "weft::Condition: the lock does not own its mutex");
  }
  const auto announce = [this] {
    detail::exchange(has_waiters_, 1U, std::memory_order_seq_cst);
    return true;
  };
  const Woken woken = lot::park(
      this, announce, [mutex] { mutex->unlock(); }, wait_options(deadline));
  if (woken == Woken::kUnparked) {
    let_waker_finish(this);
  }
  detail::lock_shielded(*mutex);
  check(woken, "weft::Condition::wait");
  return woken != Woken::kTimedOut;
}

void Condition::notify_slow(std::uint32_t count) {
  std::uint32_t rest = count;
  lot::unpark_if(
      this, [&](std::uint32_t) { return rest-- > 0 ? Choice::kWake : Choice::kStop; },
      [this](int, int left) {
        detail::exchange(has_waiters_, left > 0 ? 1U : 0U, std::memory_order_seq_cst);
      });
}

// ---- Event

bool Event::wait_slow(std::int64_t deadline) {
  while (!is_set()) {
    std::uint32_t expected = 0;
    if (!detail::compare_exchange(word_, expected, kHasWaiters, std::memory_order_relaxed) &&
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

detail::WaitPoint Event::wait_point() const {
  const auto announce = [](const void* object) {
    const auto& event = *static_cast<const Event*>(object);
    std::uint32_t expected = 0;
    return event.word_.compare_exchange_strong(expected, kHasWaiters) || (expected & kSet) == 0;
  };
  return {&word_, this, announce};
}

void Event::set_slow() {
  if (!is_set()) {
    lot::unpark_if(&word_, wake_any,
                   [this](int, int) { word_.store(kSet, std::memory_order_release); });
  }
}

}  // namespace weft
