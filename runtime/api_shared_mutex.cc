#include <weft/shared_mutex.h>

#include "runtime/api_wait.h"

namespace weft {
namespace {

namespace lot = runtime::lot;
using lot::Choice;
using lot::Woken;

}  // namespace

// Invariants:
// 1. Somebody is queued only while kHasWaiters is set; it is set only while somebody owns the
// mutex,
//    and cleared under the bucket's lock by who finds nobody queued.
// 2. While it is set, nobody comes in but by pass_on(), and nobody goes but by that: the word does
//    not change but under the bucket's lock.
// The tag of a waiter is what it adds to the word: kWriter or kReader.

// Whoever leaves: its part of the word in `owned`, or 0 if it has only been waiting. The oldest
// waiters get the mutex as far as there is room now; a waiter that has given up may have been in
// the way of those behind it.
void SharedMutex::pass_on(std::uint32_t owned) {
  std::uint32_t granted = 0;
  lot::unpark_if(
      &word_,
      [&](std::uint32_t wants) {
        const std::uint32_t held =
            (word_.load(std::memory_order_acquire) & ~kHasWaiters) - owned + granted;
        if ((held & kWriter) != 0 || (held != 0 && wants == kWriter)) {
          return Choice::kStop;
        }
        granted += wants;
        return Choice::kWake;
      },
      [&](int, int left) {
        std::uint32_t seen = word_.load(std::memory_order_relaxed);
        std::uint32_t wanted = 0;
        do {  // others may change it if nobody is queued
          wanted = ((seen & ~kHasWaiters) - owned + granted) | (left > 0 ? kHasWaiters : 0);
        } while (!word_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel,
                                              std::memory_order_relaxed));
      });
}

// False: it may be free, look. Else the wait is over: *in_time says how.
bool SharedMutex::wait_if_taken(std::int64_t deadline, std::uint32_t wants, const char* call,
                                bool* in_time) {
  std::uint32_t seen = word_.load(std::memory_order_relaxed);
  if ((seen & kHasWaiters) == 0 &&
      (seen == 0 || (wants == kReader && (seen & kWriter) == 0) ||
       !word_.compare_exchange_strong(seen, seen | kHasWaiters, std::memory_order_relaxed))) {
    return false;
  }
  const auto has_waiters = [this] {
    return (word_.load(std::memory_order_relaxed) & kHasWaiters) != 0;
  };
  const Woken woken = lot::park(&word_, has_waiters, detail::wait_options(deadline, wants));
  if (woken == Woken::kInvalid) {
    return false;
  }
  *in_time = woken == Woken::kUnparked;
  if (woken == Woken::kUnparked) {
    detail::let_waker_finish(&word_);
  } else {
    pass_on(0);
  }
  detail::check(woken, call);
  return woken != Woken::kInterrupted;
}

bool SharedMutex::lock_slow(std::int64_t deadline) {
  bool in_time = false;
  while (!try_lock()) {
    if (wait_if_taken(deadline, kWriter, "weft::SharedMutex::lock", &in_time)) {
      return in_time;
    }
  }
  return true;
}

bool SharedMutex::lock_shared_slow(std::int64_t deadline) {
  bool in_time = false;
  while (!try_lock_shared()) {
    if (wait_if_taken(deadline, kReader, "weft::SharedMutex::lock_shared", &in_time)) {
      return in_time;
    }
  }
  return true;
}

}  // namespace weft
