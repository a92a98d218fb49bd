// futex_pi.cc: futex(2)'s locks with priority inheritance, for fibers: the locks, without
// priorities, which fibers do not have.
//
// The word is as the kernel's: the owner's id as gettid says it, and FUTEX_WAITERS if the owner
// must call FUTEX_UNLOCK_PI. Waiters park with their id as their tag. FUTEX_WAITERS is set and
// cleared, and the lock is handed to the first waiter, under the lock of the bucket; and the word
// names the new owner before that one is woken. So the owner's own compare-and-swap of its bare id
// to zero succeeds only if nobody waits.
#include <cerrno>

#include "hooks/kill.h"
#include "hooks/sync/futex.h"
#include "hooks/sync/park.h"
#include "hooks/thread.h"

namespace weft::hooks::sync {

namespace {

class PiWord {
 public:
  explicit PiWord(const std::uint32_t* word) : word_(const_cast<std::uint32_t*>(word)) {}
  [[nodiscard]] const std::uint32_t* address() const { return word_; }
  [[nodiscard]] std::uint32_t owner() const { return load(word_) & FUTEX_TID_MASK; }
  void set(std::uint32_t value) const { __atomic_store_n(word_, value, __ATOMIC_SEQ_CST); }

  /// Makes the thread its owner if it has none.
  [[nodiscard]] bool take(std::uint32_t id) const {
    std::uint32_t seen = load(word_);
    while ((seen & FUTEX_TID_MASK) == 0) {
      if (replace(seen, (seen & FUTEX_WAITERS) | id)) {
        return true;
      }
    }
    return false;
  }
  /// Sets FUTEX_WAITERS if it has an owner.
  [[nodiscard]] bool announce_waiter() const {
    std::uint32_t seen = load(word_);
    while ((seen & FUTEX_TID_MASK) != 0) {
      if ((seen & FUTEX_WAITERS) != 0 || replace(seen, seen | FUTEX_WAITERS)) {
        return true;
      }
    }
    return false;
  }
  void forget_waiters() const { __atomic_fetch_and(word_, ~FUTEX_WAITERS, __ATOMIC_SEQ_CST); }

 private:
  bool replace(std::uint32_t& seen, std::uint32_t wanted) const {
    return __atomic_compare_exchange_n(word_, &seen, wanted, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
  }
  std::uint32_t* word_;
};

std::uint32_t own_id() { return static_cast<std::uint32_t>(thread_id()); }

// Zero: it has just been given back.
bool thread_exists(pid_t id) { return id == 0 || signal_by_id(-1, id, 0) != -ESRCH; }

// FUTEX_LOCK_PI counts in CLOCK_REALTIME, FUTEX_LOCK_PI2 says which.
long lock_pi(const FutexCall& call) {
  const bool on_monotonic = call.command() == FUTEX_LOCK_PI2 && !call.on_realtime();
  const TimePoint until(on_monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, call.timeout);
  if (!until.is_valid()) {
    return -EINVAL;
  }
  const PiWord word(call.word);
  const std::uint32_t self = own_id();
  while (!word.take(self)) {
    if (word.owner() == self) {
      return -EDEADLK;
    }
    if (!thread_exists(static_cast<pid_t>(word.owner()))) {
      return -ESRCH;
    }
    switch (park(word.address(), [word] { return word.announce_waiter(); },
                 {.deadline = until.deadline(), .tag = self})) {
      case lot::Woken::kTimedOut:
        return -ETIMEDOUT;
      case lot::Woken::kUnparked:
        return 0;  // with the lock
      default:
        break;
    }
  }
  return 0;
}

long try_lock_pi(const FutexCall& call) {
  const PiWord word(call.word);
  if (word.owner() == own_id()) {
    return -EDEADLK;
  }
  return word.take(own_id()) ? 0 : -EAGAIN;
}

// Hands the lock to the first waiter.
long unlock_pi(const FutexCall& call) {
  const PiWord word(call.word);
  if (word.owner() != own_id()) {
    return -EPERM;
  }
  bool is_handed_over = false;
  lot::unpark_if(
      word.address(),
      [&](std::uint32_t tag) {
        if (is_handed_over) {
          return lot::Choice::kStop;
        }
        is_handed_over = true;
        word.set(tag | FUTEX_WAITERS);
        return lot::Choice::kWake;
      },
      [&](int, int left) {
        if (!is_handed_over) {
          word.set(0);
        } else if (left == 0) {
          word.forget_waiters();
        }
      });
  return 0;
}

}  // namespace

long futex_pi(const FutexCall& call) {
  switch (call.command()) {
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
      return lock_pi(call);
    case FUTEX_TRYLOCK_PI:
      return try_lock_pi(call);
    case FUTEX_UNLOCK_PI:
      return unlock_pi(call);
    default:
      return -ENOSYS;
  }
}

}  // namespace weft::hooks::sync
