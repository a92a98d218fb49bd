#include "runtime/timers.h"

#include <algorithm>

#include "runtime/check.h"
#include "runtime/os.h"

namespace weft::runtime {

bool Timers::grow() {
  const std::size_t old_bytes = capacity_ * sizeof(Entry);
  const std::size_t new_bytes = old_bytes == 0 ? os::kPage : old_bytes * 2;
  void* memory = heap_ == nullptr ? os::map(new_bytes) : os::remap(heap_, old_bytes, new_bytes);
  if (memory == nullptr) {
    return false;
  }
  heap_ = static_cast<Entry*>(memory);
  capacity_ = static_cast<std::uint32_t>(new_bytes / sizeof(Entry));
  return true;
}

void Timers::place(std::uint32_t at, Entry entry) {
  heap_[at] = entry;
  entry.timer->index = at;
}

void Timers::sift_up(std::uint32_t at, Entry entry) {
  while (at > 0) {
    const std::uint32_t parent = (at - 1) / kArity;
    if (heap_[parent].deadline_ns <= entry.deadline_ns) {
      break;
    }
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, entry);
}

void Timers::sift_down(std::uint32_t at, Entry entry) {
  for (;;) {
    const std::uint32_t first = at * kArity + 1;
    if (first >= size_) {
      break;
    }
    std::uint32_t least = first;
    const std::uint32_t end = std::min(first + kArity, size_);
    for (std::uint32_t child = first + 1; child < end; ++child) {
      if (heap_[child].deadline_ns < heap_[least].deadline_ns) {
        least = child;
      }
    }
    if (heap_[least].deadline_ns >= entry.deadline_ns) {
      break;
    }
    place(at, heap_[least]);
    at = least;
  }
  place(at, entry);
}

void Timers::remove_at(std::uint32_t at) {
  heap_[at].timer->owner.store(nullptr, std::memory_order_release);
  const Entry last = heap_[size_ - 1];
  --size_;
  if (at == size_) {
    return;
  }
  if (at > 0 && last.deadline_ns < heap_[(at - 1) / kArity].deadline_ns) {
    sift_up(at, last);
  } else {
    sift_down(at, last);
  }
}

bool Timers::arm(Timer& timer, Deadline deadline) {
  const SpinGuard hold(lock_);
  WEFT_DCHECK(timer.owner.load() == nullptr, "a timer is armed once");
  if (size_ == capacity_ && !grow()) {
    return false;
  }
  timer.deadline_ns = deadline.ns();
  ++size_;
  sift_up(size_ - 1, {deadline.ns(), &timer});
  timer.owner.store(this, std::memory_order_release);
  return true;
}

bool Timers::cancel(Timer& timer) {
  // Only the waiter arms its timer, so an owner seen here can only turn into null: by expiry.
  Timers* const owner = timer.owner.load(std::memory_order_acquire);
  if (owner == nullptr) {
    return false;
  }
  const SpinGuard hold(owner->lock_);
  if (timer.owner.load(std::memory_order_relaxed) != owner) {
    return false;
  }
  owner->remove_at(timer.index);
  return true;
}

Timer* Timers::take_expired(std::int64_t now_ns) {
  const SpinGuard hold(lock_);
  if (size_ == 0 || heap_[0].deadline_ns > now_ns) {
    return nullptr;
  }
  Timer* const timer = heap_[0].timer;
  remove_at(0);
  return timer;
}

Deadline Timers::soonest() {
  const SpinGuard hold(lock_);
  return size_ == 0 ? Deadline::never() : Deadline::at(heap_[0].deadline_ns);
}

void Timers::clear() {
  lock_.after_fork_in_child();
  for (std::uint32_t i = 0; i < size_; ++i) {
    heap_[i].timer->owner.store(nullptr, std::memory_order_relaxed);
  }
  size_ = 0;
}

}  // namespace weft::runtime
