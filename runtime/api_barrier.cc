#include <weft/barrier.h>
#include <weft/detail/shielded.h>
#include <weft/event.h>

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/parking_lot.h"

namespace weft {

BrokenBarrier::BrokenBarrier() : std::runtime_error("weft::Barrier: it is broken") {}

/// One who waits, on its stack. Guarded by the barrier's lock: next, is_queued. By who has taken it
/// out of the queue, until `ended`: is_broken.
struct Barrier::Arrival {
  Arrival* next = nullptr;
  bool is_queued = true;
  bool is_broken = false;
  Event ended;

  /// Lets all of them go. They may be gone at once, and the barrier with them.
  static void end(Arrival* all, bool is_broken) {
    while (all != nullptr) {
      Arrival* const one = all;
      all = one->next;
      one->is_broken = is_broken;
      one->ended.set();
    }
  }
};

namespace {
runtime::SpinLock& lock_of(const Barrier* barrier) { return runtime::lot::bucket_of(barrier).lock; }
}  // namespace

std::size_t Barrier::checked(std::size_t parties) {
  if (parties == 0) {
    detail::throw_errno(EINVAL, "weft::Barrier: no parties");
  }
  return parties;
}

// Under the lock.
Barrier::Arrival* Barrier::take_all() {
  for (Arrival* one = latest_; one != nullptr; one = one->next) {
    one->is_queued = false;
  }
  count_.store(0, std::memory_order_relaxed);
  return std::exchange(latest_, nullptr);
}

std::size_t Barrier::wait_by(std::int64_t deadline) {
  Arrival mine;
  Arrival* others = nullptr;
  lock_of(this).lock();
  const bool was_broken = broken();
  const std::size_t index = n_waiting();
  const bool is_last = index + 1 == parties_;
  if (is_last) {
    others = take_all();
  } else if (!was_broken) {
    mine.next = std::exchange(latest_, &mine);
    count_.store(index + 1, std::memory_order_relaxed);
  }
  lock_of(this).unlock();
  if (was_broken) {
    throw BrokenBarrier();
  }
  if (is_last) {
    act(others);
    return index;
  }
  try {
    if (!mine.ended.wait_until(detail::moment_of(deadline))) {
      leave(mine);
    }
  } catch (...) {
    leave(mine);
    throw;
  }
  if (mine.is_broken) {
    throw BrokenBarrier();
  }
  return index;
}

// By the last to come.
void Barrier::act(Arrival* others) {
  try {
    if (action_) {
      action_();
    }
  } catch (...) {
    end_all(true);
    Arrival::end(others, true);
    throw;
  }
  Arrival::end(others, false);
}

// Who can't wait any longer breaks the barrier. Not if all had come before: then another is about
// to end this wait, perhaps once the action is over, and must find it.
void Barrier::leave(Arrival& mine) {
  Arrival* all = nullptr;
  {
    const runtime::SpinGuard hold(lock_of(this));
    if (mine.is_queued) {
      is_broken_.store(true, std::memory_order_relaxed);
      all = take_all();
    }
  }
  Arrival::end(all, true);
  const detail::Shielded shielded;
  mine.ended.wait();
}

void Barrier::end_all(bool is_broken) {
  Arrival* others = nullptr;
  {
    const runtime::SpinGuard hold(lock_of(this));
    is_broken_.store(is_broken, std::memory_order_relaxed);
    others = take_all();
  }
  Arrival::end(others, true);
}

void Barrier::reset() { end_all(false); }

void Barrier::abort() { end_all(true); }

}  // namespace weft
