#include "runtime/parking_lot.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/interruptible.h"
#include "runtime/lot_wait_set.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime::lot {
namespace {

constexpr std::size_t kBuckets = 1024;  // a power of two
constinit Bucket buckets[kBuckets];

void remove_next(Bucket& bucket, Waiter* previous, Waiter* waiter) {
  Waiter*& link = previous == nullptr ? bucket.head : previous->next;
  link = waiter->next;
  if (bucket.tail == waiter) {
    bucket.tail = previous;
  }
  waiter->queued = false;
}

void append(Bucket& bucket, Waiter& waiter) {
  waiter.next = nullptr;
  if (bucket.head == nullptr) {
    bucket.head = &waiter;
  } else {
    bucket.tail->next = &waiter;
  }
  bucket.tail = &waiter;
  waiter.queued = true;
}

template <class IsWoken>
Woken sleep_on_fiber(Fiber* self, const void* address, const ParkOptions& options,
                     IsWoken is_woken) {
  Woken ended = Woken::kUnparked;
  self->waits_for = WaitReason{options.kind, -1, address};
  self->hears_of_deadlock = options.hears_of_deadlock;
  Interruptible interruptible(*self, options.interruptible, options.cancellable);
  const Deadline deadline =
      options.cancellable ? call_off::limited(*self, options.deadline) : options.deadline;
  while (!is_woken()) {
    const bool in_time = park_until(deadline);
    if (is_woken()) {
      break;
    }
    if (!in_time) {
      ended = deadline == options.deadline ? Woken::kTimedOut : Woken::kCalledOff;
      break;
    }
    if (interruptible.has_ended()) {
      ended = interruptible.is_called_off() ? Woken::kCalledOff : Woken::kInterrupted;
      break;
    }
    if (std::exchange(self->is_deadlocked, false)) {
      ended = Woken::kDeadlock;
      break;
    }
  }
  self->hears_of_deadlock = false;
  self->waits_for = WaitReason{};
  return ended;
}

Woken sleep_on_thread(const std::atomic<std::uint32_t>& woken, const ParkOptions& options) {
  const timespec until = options.deadline.to_timespec();
  const auto* word = reinterpret_cast<const std::uint32_t*>(&woken);
  while (woken.load(std::memory_order_acquire) == 0) {
    const long result = sys::futex_wait(word, 0, options.deadline.is_never() ? nullptr : &until);
    if (woken.load(std::memory_order_acquire) != 0) {
      break;
    }
    if (result == -ETIMEDOUT) {
      return Woken::kTimedOut;
    }
    if (result == -EINTR && options.interruptible) {
      return Woken::kInterrupted;
    }
  }
  return Woken::kUnparked;
}

}  // namespace

Bucket& bucket_of(const void* address) {
  // Fibonacci hashing; the low bits of addresses of locks are alike.
  const auto bits = reinterpret_cast<std::uintptr_t>(address) >> 2;
  return buckets[bits * 0x9e37'79b9'7f4a'7c15 >> 54];
}

void enqueue(Bucket& bucket, Waiter& waiter, const void* address, std::uint32_t tag) {
  waiter.address.store(address, std::memory_order_relaxed);
  waiter.fiber = current();
  waiter.tag = tag;
  if (waiter.set == nullptr) {
    stack_is_queued(waiter.fiber, true);
  }
  append(bucket, waiter);
}

Woken sleep_until_set(const std::atomic<std::uint32_t>& word, const void* address,
                      const ParkOptions& options) {
  Fiber* const self = current();
  if (self == nullptr) {
    return sleep_on_thread(word, options);
  }
  return sleep_on_fiber(self, address, options,
                        [&word] { return word.load(std::memory_order_acquire) != 0; });
}

void wake_sleeper(Fiber* sleeper, const std::atomic<std::uint32_t>& word) {
  if (sleeper != nullptr) {
    runtime::unpark(sleeper);
  } else {
    sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&word), 1);
  }
}

bool withdraw(Waiter& waiter) {
  for (;;) {
    const void* const address = waiter.address.load();
    Bucket& bucket = bucket_of(address);
    const SpinGuard hold(bucket.lock);
    if (waiter.address.load() != address) {
      continue;  // moved to another bucket meanwhile
    }
    if (!waiter.queued) {
      return false;
    }
    Waiter* previous = nullptr;
    Waiter* w = bucket.head;
    for (; w != nullptr && w != &waiter; w = w->next) {
      previous = w;
    }
    if (w != nullptr) {  // a fork's child has empty queues
      remove_next(bucket, previous, &waiter);
    }
    return w != nullptr;
  }
}

Woken sleep(Waiter& waiter, const ParkOptions& options) {
  const Woken ended = sleep_until_set(waiter.woken, waiter.address.load(), options);
  const bool is_withdrawn = ended != Woken::kUnparked && withdraw(waiter);
  stack_is_queued(waiter.fiber, false);
  if (!is_withdrawn) {
    return Woken::kUnparked;  // if it did not wait for it: somebody's wake-up counts
  }
  if (ended == Woken::kInterrupted && waiter.fiber != nullptr && !options.interruptible) {
    fiber_signals::run_handlers(*waiter.fiber);  // they may leave by a jump: nothing is queued now
  }
  return ended;
}

void wake_next(Bucket& bucket, Waiter* previous) {
  Waiter* const waiter = previous == nullptr ? bucket.head : previous->next;
  remove_next(bucket, previous, waiter);
  if (waiter->set != nullptr) {
    waiter->set->put(static_cast<WaitSet::Member&>(*waiter));
    return;
  }
  Fiber* const fiber = waiter->fiber;
  waiter->woken.store(1, std::memory_order_release);
  wake_sleeper(fiber, waiter->woken);
}

// A waiter per place; a wake-up at any of them takes that one out, and the others take themselves
// out behind it.
Woken park_any(const Place* places, std::size_t count, const ParkOptions& options,
               std::size_t* woken) {
  Waiter waiters[kMostPlaces];
  std::size_t queued = 0;
  for (; queued < count; ++queued) {
    const Place& place = places[queued];
    Bucket& bucket = bucket_of(place.word);
    const SpinGuard hold(bucket.lock);
    if (__atomic_load_n(place.word, __ATOMIC_SEQ_CST) != place.expected) {
      break;
    }
    enqueue(bucket, waiters[queued], place.word, options.tag);
  }
  Woken ended = Woken::kInvalid;
  if (queued == count) {
    ended = sleep_on_fiber(current(), places[0].word, options, [&waiters, count] {
      return std::any_of(waiters, waiters + count, [](const Waiter& w) {
        return w.woken.load(std::memory_order_acquire) != 0;
      });
    });
  }
  for (std::size_t i = 0; i < queued; ++i) {
    if (!withdraw(waiters[i])) {
      *woken = i;
      ended = Woken::kUnparked;
    }
  }
  stack_is_queued(current(), false);
  return ended;
}

int unpark(const void* address, int count) {
  int left = count;
  return unpark_if(
      address, [&left](std::uint32_t) { return left-- > 0 ? Choice::kWake : Choice::kStop; },
      [](int, int) {});
}

void lock_both(Bucket& a, Bucket& b) {
  Bucket& first = &a < &b ? a : b;
  Bucket& second = &a < &b ? b : a;
  first.lock.lock();
  if (&first != &second) {
    second.lock.lock();
  }
}

void unlock_both(Bucket& a, Bucket& b) {
  a.lock.unlock();
  if (&a != &b) {
    b.lock.unlock();
  }
}

Requeued requeue_locked(const void* from, const void* to, int wake, int move) {
  Bucket& source = bucket_of(from);
  Bucket& target = bucket_of(to);
  Requeued done = {0, 0};
  Waiter* const last = source.tail;  // those moved within one bucket come behind it
  Waiter* previous = nullptr;
  Waiter* w = source.head;
  for (bool more = w != nullptr; more && (done.woken < wake || done.moved < move);) {
    Waiter* const next = w->next;
    more = w != last && next != nullptr;
    if (w->address.load(std::memory_order_relaxed) != from) {
      previous = w;
    } else if (done.woken < wake) {
      wake_next(source, previous);
      ++done.woken;
    } else {
      remove_next(source, previous, w);
      w->address.store(to);
      append(target, *w);
      ++done.moved;
    }
    w = next;
  }
  return done;
}

void after_fork_in_child() {
  for (Bucket& bucket : buckets) {
    bucket.lock.after_fork_in_child();
    bucket.head = nullptr;
    bucket.tail = nullptr;
  }
}

}  // namespace weft::runtime::lot
