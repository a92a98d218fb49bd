// mutex.cc: pthread_mutex_t.
//
// The lock word has glibc's states: 0 free, 1 locked, 2 locked and somebody may wait. Code inside
// libc that takes the mutex without passing here (C11's mtx_lock) therefore works with it: it
// sleeps on the word in the kernel, and unlock wakes there, too.
#include <cerrno>

#include "hooks/active.h"
#include "hooks/real.h"
#include "hooks/sync/intervals.h"
#include "hooks/sync/sync.h"
#include "hooks/sync/word.h"
#include "hooks/thread.h"
#include "runtime/parking_lot.h"

namespace weft::hooks::sync {

namespace lot = runtime::lot;

namespace {

constexpr std::uint32_t kFree = 0;
constexpr std::uint32_t kLocked = 1;
constexpr std::uint32_t kContended = 2;

// Bits of __kind (glibc: nptl/pthreadP.h): robust 16, priority inherit 32, priority protect 64,
// process-shared 128.
constexpr int kNotOurs = 16 | 32 | 64 | 128;

bool is_ours(const pthread_mutex_t* m) { return (m->__data.__kind & kNotOurs) == 0; }
int kind_of(const pthread_mutex_t* m) { return m->__data.__kind & 3; }

void own(pthread_mutex_t* m) {
  m->__data.__owner = self_id();
  ++m->__data.__nusers;
}

int wait_for_word(Word word, const TimePoint& until) {
  while (word.exchange(kContended) != kFree) {
    if (!until.is_valid()) {
      return EINVAL;
    }
    const auto is_contended = [word] { return word.load() == kContended; };
    if (lot::park(word.address(), is_contended,
                  {.deadline = until.deadline(), .kind = runtime::WaitReason::Kind::kMutex}) ==
        lot::Woken::kTimedOut) {
      return ETIMEDOUT;
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

}  // namespace

int lock(pthread_mutex_t* m, const TimePoint& until) {
  if (!is_ours(m)) {
    return try_at_intervals(until, EBUSY, [m] { return real::pthread_mutex_trylock(m); });
  }
  const Word word(m->__data.__lock);
  std::uint32_t free = kFree;
  if (!word.replace(free, kLocked)) {
    if (const int result = relock(m); result >= 0) {
      return result;
    }
    if (const int error = wait_for_word(word, until)) {
      return error;
    }
  }
  m->__data.__count = kind_of(m) == PTHREAD_MUTEX_RECURSIVE ? 1 : 0;
  own(m);
  return 0;
}

int try_lock(pthread_mutex_t* m) {
  if (!is_ours(m)) {
    return real::pthread_mutex_trylock(m);
  }
  std::uint32_t free = kFree;
  if (!Word(m->__data.__lock).replace(free, kLocked)) {
    const int result = kind_of(m) == PTHREAD_MUTEX_RECURSIVE ? relock(m) : -1;
    if (result < 0 && runtime::current() != nullptr) {
      runtime::running.worker->give_turns();  // a loop around trylock must let the owner run
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

int unlock(pthread_mutex_t* m) {
  if (!is_ours(m)) {
    return real::pthread_mutex_unlock(m);
  }
  if (!may_unlock(m)) {
    return EPERM;
  }
  if (kind_of(m) == PTHREAD_MUTEX_RECURSIVE && --m->__data.__count > 0) {
    return 0;
  }
  m->__data.__owner = 0;
  --m->__data.__nusers;
  // From the exchange on another owner may free the mutex: only its address is used.
  const Word word(m->__data.__lock);
  if (word.exchange(kFree) == kContended && lot::unpark(word.address(), 1) == 0) {
    runtime::sys::futex_wake(word.address(), 1);
  }
  return 0;
}

}  // namespace weft::hooks::sync
