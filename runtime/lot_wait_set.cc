#include "runtime/lot_wait_set.h"

#include <utility>

#include "runtime/scheduler.h"

namespace weft::runtime::lot {

WaitSet::~WaitSet() {
  for (Member& member : members_) {
    if (member.address.load(std::memory_order_relaxed) != nullptr) {
      withdraw(member);
    }
  }
}

void WaitSet::put(Member& member) {
  const SpinGuard hold(lock_);
  (first_ == nullptr ? first_ : last_->behind) = &member;
  last_ = &member;
  woken_.store(1, std::memory_order_release);
  if (std::exchange(is_asleep_, false)) {
    wake_sleeper(owner_, woken_);
  }
}

WaitSet::Member* WaitSet::take() {
  const SpinGuard hold(lock_);
  Member* const member = first_;
  if (member != nullptr) {
    first_ = member->behind;
  } else {
    woken_.store(0, std::memory_order_relaxed);
    owner_ = current();
    is_asleep_ = true;
  }
  return member;
}

Woken WaitSet::next(const ParkOptions& options, std::size_t* place) {
  for (;;) {
    if (const Member* const member = take()) {
      *place = member->place;
      return Woken::kUnparked;
    }
    const Woken ended = sleep_until_set(woken_, this, options);
    if (ended != Woken::kUnparked && woken_.load(std::memory_order_acquire) == 0) {
      return ended;
    }
  }
}

}  // namespace weft::runtime::lot
