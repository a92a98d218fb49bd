#include "runtime/fd_slot.h"

#include <sys/epoll.h>

#include <new>

#include "runtime/os.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime {

constinit std::atomic<FdSlot*> fd_chunks[kChunks];

namespace {

FdSlot* make_chunk(std::atomic<FdSlot*>& place) {
  constexpr std::size_t kBytes = sizeof(FdSlot) * kSlotsPerChunk;
  void* const memory = os::map(kBytes);
  if (memory == nullptr) {
    return nullptr;
  }
  auto* const slots = new (memory) FdSlot[kSlotsPerChunk];
  FdSlot* other = nullptr;
  if (!place.compare_exchange_strong(other, slots, std::memory_order_acq_rel)) {
    os::unmap(memory, kBytes);
    return other;
  }
  return slots;
}

}  // namespace

FdSlot* fd_slot(int fd) {
  if (fd < 0 || fd >= kChunks * kSlotsPerChunk) {
    return nullptr;
  }
  std::atomic<FdSlot*>& place = fd_chunks[fd / kSlotsPerChunk];
  FdSlot* slots = place.load(std::memory_order_acquire);
  if (slots == nullptr) {
    slots = make_chunk(place);
  }
  return slots == nullptr ? nullptr : slots + fd % kSlotsPerChunk;
}

void FdSlot::append(Side& s, FdWaiter& waiter) {
  waiter.next = nullptr;
  waiter.previous = s.tail;
  if (s.tail == nullptr) {
    s.head.store(&waiter, std::memory_order_relaxed);
  } else {
    s.tail->next = &waiter;
  }
  s.tail = &waiter;
  waiter.queued = true;
}

void FdSlot::remove(Side& s, FdWaiter& waiter) {
  if (waiter.previous == nullptr) {
    s.head.store(waiter.next, std::memory_order_relaxed);
  } else {
    waiter.previous->next = waiter.next;
  }
  if (waiter.next == nullptr) {
    s.tail = waiter.previous;
  } else {
    waiter.next->previous = waiter.previous;
  }
  waiter.queued = false;
}

void FdSlot::wake(Side& s, FdWaiter& waiter, FdWaiter::Outcome outcome) {
  remove(s, waiter);
  waiter.outcome = outcome;
  if (waiter.fiber != nullptr) {
    unpark(waiter.fiber);
    return;
  }
  const std::uint64_t one = 1;
  sys::call(SYS_write, waiter.wake_fd, &one, sizeof one);
}

void FdSlot::wake_first_exclusive(Side& s) {
  for (FdWaiter* w = s.head.load(std::memory_order_relaxed); w != nullptr; w = w->next) {
    if (w->exclusive) {
      wake(s, *w, FdWaiter::Outcome::kEvent);
      return;
    }
  }
}

void FdSlot::wake_for_edge(Side& s) {
  bool woke_exclusive = false;
  FdWaiter* next = nullptr;
  for (FdWaiter* w = s.head.load(std::memory_order_relaxed); w != nullptr; w = next) {
    next = w->next;
    if (w->exclusive && woke_exclusive) {
      continue;
    }
    woke_exclusive = woke_exclusive || w->exclusive;
    wake(s, *w, FdWaiter::Outcome::kEvent);
  }
}

void FdSlot::cancel_waits() {
  const SpinGuard hold(lock_);
  for (Side& s : sides_) {
    FdWaiter* next = nullptr;
    for (FdWaiter* w = s.head.load(std::memory_order_relaxed); w != nullptr; w = next) {
      next = w->next;
      if (w->heeds_cancel) {
        wake(s, *w, FdWaiter::Outcome::kCancelled);
      }
    }
  }
}

void FdSlot::wake_one(Direction d) {
  const SpinGuard hold(lock_);
  wake_first_exclusive(side(d));
}

bool FdSlot::enter(FdWaiter& waiter, Direction d, std::uint32_t seen) {
  const SpinGuard hold(lock_);
  Side& s = side(d);
  if (s.edges.load(std::memory_order_relaxed) != seen) {
    return false;
  }
  waiter.outcome = FdWaiter::Outcome::kWaiting;
  append(s, waiter);
  return true;
}

FdWaiter::Outcome FdSlot::leave(FdWaiter& waiter, Direction d, bool used) {
  const SpinGuard hold(lock_);
  Side& s = side(d);
  if (waiter.queued) {
    remove(s, waiter);
  } else if (waiter.outcome == FdWaiter::Outcome::kEvent && waiter.exclusive && !used) {
    wake_first_exclusive(s);
  }
  return waiter.outcome;
}

void FdSlot::on_event(std::uint32_t epoll_events) {
  constexpr std::uint32_t kEnds = EPOLLHUP | EPOLLRDHUP | EPOLLERR | EPOLLPRI;
  constexpr std::uint32_t kReads = EPOLLIN | kEnds;
  constexpr std::uint32_t kWrites = EPOLLOUT | EPOLLHUP | EPOLLERR;
  const SpinGuard hold(lock_);
  if ((epoll_events & kEnds) != 0) {
    forbid_shortcut();
  }
  if ((epoll_events & kReads) != 0) {
    side(Direction::kRead).edges.fetch_add(1, std::memory_order_release);
    wake_for_edge(side(Direction::kRead));
  }
  if ((epoll_events & kWrites) != 0) {
    side(Direction::kWrite).edges.fetch_add(1, std::memory_order_release);
    wake_for_edge(side(Direction::kWrite));
  }
}

void FdSlot::reset() {
  const SpinGuard hold(lock_);
  generation_.fetch_add(1, std::memory_order_acq_rel);
  for (Side& s : sides_) {
    while (FdWaiter* const waiter = s.head.load(std::memory_order_relaxed)) {
      wake(s, *waiter, FdWaiter::Outcome::kClosed);
    }
    // Whoever read the count in the number's former life must not park on it in this one.
    s.edges.fetch_add(1, std::memory_order_release);
  }
  drained_.store(edges(Direction::kRead) - 1, std::memory_order_relaxed);
  has_shortcut_.store(true, std::memory_order_relaxed);
  registered_.store(0, std::memory_order_release);
  tag.store(0, std::memory_order_release);
}

void FdSlot::forget_process() {
  lock_.after_fork_in_child();
  for (Side& s : sides_) {
    s.head.store(nullptr, std::memory_order_relaxed);
    s.tail = nullptr;
  }
  registered_.store(0, std::memory_order_release);
}

}  // namespace weft::runtime
