// mutex.cc: pthread_mutex_t.
//
// The lock word has glibc's states: 0 free, 1 locked, 2 locked and somebody may wait. Code inside
// libc that takes the mutex without passing here (pthread_cond_wait of a shared condition)
// therefore works with it: it sleeps on the word in the kernel, and unlock wakes there, too.
#include <cerrno>

#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/real.h"
#include "hooks/sync/native.h"
#include "hooks/sync/park.h"
#include "hooks/sync/sync.h"
#include "hooks/sync/word.h"
#include "hooks/thread.h"

namespace weft::hooks::sync {

namespace {

constexpr std::uint32_t kFree = 0;
constexpr std::uint32_t kLocked = 1;
constexpr std::uint32_t kContended = 2;

// Bits of __kind (glibc: nptl/pthreadP.h).
constexpr int kType = 3;
constexpr int kRobust = 16;
constexpr int kPriorityInherit = 32;
constexpr int kPriorityProtect = 64;
constexpr int kShared = 128;
constexpr int kNotOurs = kRobust | kPriorityInherit | kPriorityProtect | kShared;

int load_kind(const pthread_mutex_t* m) {
  return __atomic_load_n(&m->__data.__kind, __ATOMIC_RELAXED);
}
bool is_ours(const pthread_mutex_t* m) { return (load_kind(m) & kNotOurs) == 0; }
int kind_of(const pthread_mutex_t* m) { return load_kind(m) & kType; }
bool is_plain(const pthread_mutex_t* m) { return (load_kind(m) & (kNotOurs | kType)) == 0; }

// Whether libc or the kernel look at who owns it, whom another process's threads must not be taken
// for.
bool knows_owner(const pthread_mutex_t* m) {
  const int kind = load_kind(m);
  return (kind & (kRobust | kPriorityInherit | kPriorityProtect)) != 0 ||
         (kind & kType) == PTHREAD_MUTEX_RECURSIVE || (kind & kType) == PTHREAD_MUTEX_ERRORCHECK;
}

void own(pthread_mutex_t* m) {
  m->__data.__owner = self_id();
  ++m->__data.__nusers;
}

// EBUSY if it became libc's meanwhile (give_to_libc).
int wait_for_word(pthread_mutex_t* m, const TimePoint& until) {
  const Word word(m->__data.__lock);
  while (word.exchange(kContended) != kFree) {
    if (!until.is_valid()) {
      return EINVAL;
    }
    const auto is_contended = [word, m] { return word.load() == kContended && is_ours(m); };
    if (park(word.address(), is_contended,
             {.deadline = until.deadline(), .kind = runtime::WaitReason::Kind::kMutex}) ==
        lot::Woken::kTimedOut) {
      return ETIMEDOUT;
    }
    if (!is_ours(m)) {
      return EBUSY;
    }
  }
  return 0;
}

// A relock by the owner, as the kind has it. -1: not the owner.
int relock(pthread_mutex_t* m) {
  if (kind_of(m) == PTHREAD_MUTEX_NORMAL || kind_of(m) == PTHREAD_MUTEX_ADAPTIVE_NP ||
      m->__data.__owner != self_id()) {
    return -1;
  }
  if (kind_of(m) == PTHREAD_MUTEX_ERRORCHECK) {
    return EDEADLK;
  }
  if (m->__data.__count == ~0U) {
    return EAGAIN;
  }
  ++m->__data.__count;
  return 0;
}

// First without waiting, so that the kernel thread stays with its queue where nobody has to wait:
// by a moment that has passed, since libc's trylock leaves a mutex that is not recoverable locked.
int lock_by_libc(pthread_mutex_t* m, const TimePoint& until) {
  const bool is_owned = knows_owner(m);
  AsKernelThread identity(is_owned);
  const auto done = [&](int result) { return is_owned ? identity.locked(result) : result; };
  constexpr timespec kPast = {0, 0};
  const int tried = real::pthread_mutex_timedlock(m, &kPast);
  if (tried != ETIMEDOUT) {
    return done(tried);
  }
  return done(block([m, &until] {
    if (until.until() == nullptr) {
      return real::pthread_mutex_lock(m);
    }
    return until.clock() == CLOCK_REALTIME
               ? real::pthread_mutex_timedlock(m, until.until())
               : real::pthread_mutex_clocklock(m, until.clock(), until.until());
  }));
}

int try_lock_by_libc(pthread_mutex_t* m) {
  const bool is_owned = knows_owner(m);
  AsKernelThread identity(is_owned);
  const int result = real::pthread_mutex_trylock(m);
  return is_owned ? identity.locked(result) : result;
}

int unlock_by_libc(pthread_mutex_t* m) {
  const bool is_owned = knows_owner(m);
  AsKernelThread identity(is_owned);
  const int result = real::pthread_mutex_unlock(m);
  return is_owned ? identity.unlocked(result) : result;
}

[[gnu::noinline]] int lock_slowly(pthread_mutex_t* m, const TimePoint& until) {
  if (!is_ours(m)) {
    return lock_by_libc(m, until);
  }
  std::uint32_t free = kFree;
  if (!Word(m->__data.__lock).replace(free, kLocked)) {
    if (const int result = relock(m); result >= 0) {
      return result;
    }
    const int error = wait_for_word(m, until);
    if (error == EBUSY) {
      return lock_by_libc(m, until);
    }
    if (error != 0) {
      return error;
    }
  }
  m->__data.__count = kind_of(m) == PTHREAD_MUTEX_RECURSIVE ? 1 : 0;
  own(m);
  return 0;
}

[[gnu::noinline]] void wake_waiter(const std::uint32_t* word, bool gives_way) {
  if (lot::unpark(word, 1) == 0) {
    runtime::sys::futex_wake(word, 1);
  } else if (gives_way) {
    give_way();
  }
}

// Without looking who the caller is.
int release(pthread_mutex_t* m, bool gives_way) {
  m->__data.__owner = 0;
  --m->__data.__nusers;
  // From the exchange on another owner may free the mutex: only its address is used.
  const Word word(m->__data.__lock);
  if (word.exchange(kFree) == kContended) {
    wake_waiter(word.address(), gives_way);
  }
  return 0;
}

[[gnu::noinline]] int unlock_slowly(pthread_mutex_t* m, bool gives_way) {
  if (!is_ours(m)) {
    return unlock_by_libc(m);
  }
  if (!may_unlock(m)) {
    return EPERM;
  }
  if (kind_of(m) == PTHREAD_MUTEX_RECURSIVE && --m->__data.__count > 0) {
    return 0;
  }
  return release(m, gives_way);
}

int unlock(pthread_mutex_t* m, bool gives_way) {
  return is_plain(m) ? release(m, gives_way) : unlock_slowly(m, gives_way);
}

}  // namespace

int lock(pthread_mutex_t* m) {
  std::uint32_t free = kFree;
  if (is_plain(m) && Word(m->__data.__lock).replace(free, kLocked)) {
    own(m);
    return 0;
  }
  return lock_slowly(m, TimePoint(CLOCK_REALTIME, nullptr));
}

int lock(pthread_mutex_t* m, const TimePoint& until) {
  return until.has_known_clock() ? lock_slowly(m, until) : EINVAL;
}

int try_lock(pthread_mutex_t* m) {
  if (!is_ours(m)) {
    return try_lock_by_libc(m);
  }
  std::uint32_t free = kFree;
  if (!Word(m->__data.__lock).replace(free, kLocked)) {
    const int result = kind_of(m) == PTHREAD_MUTEX_RECURSIVE ? relock(m) : -1;
    if (result < 0 && runtime::current() != nullptr) {
      runtime::running.worker->give_turns();  // a loop around trylock must let the owner run
      look_for_calls();
    }
    return result >= 0 ? result : EBUSY;
  }
  m->__data.__count = kind_of(m) == PTHREAD_MUTEX_RECURSIVE ? 1 : 0;
  own(m);
  return 0;
}

bool may_unlock(const pthread_mutex_t* m) {
  const int kind = kind_of(m);
  return (kind != PTHREAD_MUTEX_RECURSIVE && kind != PTHREAD_MUTEX_ERRORCHECK) || !is_ours(m) ||
         (m->__data.__owner == self_id() && m->__data.__lock != 0);
}

int unlock(pthread_mutex_t* m) { return unlock(m, true); }
int unlock_to_wait(pthread_mutex_t* m) { return unlock(m, false); }

int make_consistent(pthread_mutex_t* m) {
  const AsKernelThread identity(knows_owner(m));
  return real::pthread_mutex_consistent(m);
}

int set_ceiling(pthread_mutex_t* m, int ceiling, int* old) {
  const AsKernelThread identity(knows_owner(m));
  return real::pthread_mutex_setprioceiling(m, ceiling, old);
}

bool libc_knows_owner(const pthread_mutex_t* m) { return !is_ours(m) && knows_owner(m); }

// Whoever waits in the parking lot looks again, and waits in libc from then on: `is_ours` is part
// of what they check under the lock of their bucket.
void give_to_libc(pthread_mutex_t* m) {
  if (is_ours(m)) {
    __atomic_fetch_or(&m->__data.__kind, kShared, __ATOMIC_SEQ_CST);
    lot::unpark(&m->__data.__lock, lot::kAll);
  }
}

}  // namespace weft::hooks::sync
