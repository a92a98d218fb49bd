#include <weft/detail/members.h>
#include <weft/pool.h>
#include <weft/semaphore.h>
#include <weft/this_fiber.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "runtime/api_wait.h"
#include "runtime/parking_lot.h"
#include "runtime/spin_lock.h"

// A member is a raw link of its fiber: run behind the fiber's end, where nothing may wait. So the
// list has a spin lock, and nothing is allocated or destroyed under that. The link keeps a handle:
// a task without one would end without running raw links.

namespace weft {

PoolFull::PoolFull() : std::runtime_error("weft::Pool: it is full") {}

namespace detail {

namespace lot = runtime::lot;

struct Members::State {
  runtime::SpinLock lock;
  Member* first = nullptr;              // guarded by lock
  std::atomic<std::uint32_t> count{0};  // changed under lock; joiners sleep on it
  std::optional<Semaphore> seats;

  /// What is left to do for one that has left, without the lock.
  void tell(bool has_seat, bool was_last) {
    if (has_seat && seats.has_value()) {
      seats->release();
    }
    if (was_last) {
      lot::unpark(&count, lot::kAll);
    }
  }
};

class Member final : public Link {
 public:
  explicit Member(std::shared_ptr<Members::State> state) : state_(std::move(state)) {
    is_raw = true;
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() override {
    bool has_seat = false;
    bool was_last = false;
    {
      const runtime::SpinGuard hold(state_->lock);
      has_seat = stage_ != Stage::kHasLeft;
      was_last = leave();
    }
    state_->tell(has_seat, was_last);
  }

  void run(Task& /*task*/) noexcept override {}  // its destructor does what there is to do

  void enter(const AnyFiber& fiber) {
    fiber_ = fiber;
    const runtime::SpinGuard hold(state_->lock);
    behind_ = state_->first;
    if (behind_ != nullptr) {
      behind_->before_ = this;
    }
    state_->first = this;
    state_->count.fetch_add(1, std::memory_order_relaxed);
    stage_ = Stage::kIsMember;
  }
  /// Under the lock. Whether it was the last member.
  bool leave() {
    if (std::exchange(stage_, Stage::kHasLeft) != Stage::kIsMember) {
      return false;
    }
    (before_ == nullptr ? state_->first : before_->behind_) = behind_;
    if (behind_ != nullptr) {
      behind_->before_ = before_;
    }
    return state_->count.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  [[nodiscard]] const AnyFiber& fiber() const { return fiber_; }
  [[nodiscard]] Member* behind() const { return behind_; }

 private:
  enum class Stage : std::uint8_t { kHasSeat, kIsMember, kHasLeft };

  const std::shared_ptr<Members::State> state_;
  AnyFiber fiber_;
  // Guarded by the state's lock.
  Stage stage_ = Stage::kHasSeat;
  Member* before_ = nullptr;
  Member* behind_ = nullptr;
};

namespace {

/// Under the lock.
Member* find(Member* first, const AnyFiber& fiber) {
  Member* member = first;
  while (member != nullptr && member->fiber().id() != fiber.id()) {
    member = member->behind();
  }
  return member;
}

}  // namespace

void LeaveMember::operator()(Member* member) const { delete member; }

Members::Members(std::optional<std::uint32_t> limit) : state_(std::make_shared<State>()) {
  if (limit.has_value()) {
    state_->seats.emplace(*limit);
  }
}

Seat Members::take_seat() const {
  if (state_->seats.has_value()) {
    state_->seats->acquire();
  }
  return make_seat();
}

Seat Members::try_take_seat() const {
  const bool has_seat = !state_->seats.has_value() || state_->seats->try_acquire();
  return has_seat ? make_seat() : nullptr;
}

// Of one that has been taken.
Seat Members::make_seat() const {
  try {
    return Seat(new Member(state_));
  } catch (...) {
    state_->tell(true, false);
    throw;
  }
}

void Members::add(const AnyFiber& fiber, Seat seat) const {
  Task* const task = fiber.task();
  seat->enter(fiber);
  add_link(task, seat.release());
}

void Members::discard(const AnyFiber& fiber) const {
  bool was_in = false;
  bool was_last = false;
  {
    const runtime::SpinGuard hold(state_->lock);
    if (Member* const member = find(state_->first, fiber)) {
      was_in = true;
      was_last = member->leave();
    }
  }
  state_->tell(was_in, was_last);
}

bool Members::contains(const AnyFiber& fiber) const {
  const runtime::SpinGuard hold(state_->lock);
  return find(state_->first, fiber) != nullptr;
}

std::size_t Members::size() const { return state_->count.load(std::memory_order_acquire); }

std::vector<AnyFiber> Members::handles() const {
  std::vector<AnyFiber> handles;
  for (;;) {
    handles.reserve(size());
    const runtime::SpinGuard hold(state_->lock);
    if (size() <= handles.capacity()) {
      for (const Member* member = state_->first; member != nullptr; member = member->behind()) {
        handles.push_back(member->fiber());
      }
      return handles;
    }
  }
}

bool Members::join(std::int64_t deadline) const {
  return wait_until_over(
      &state_->count, [this] { return size() == 0; }, deadline, "weft::Group::join");
}

bool Members::kill(std::int64_t deadline) const {
  const std::uint64_t self = this_fiber::id();
  bool has_self = false;
  for (bool has_others = true; has_others;) {
    std::vector<AnyFiber> others = handles();
    has_self = std::erase_if(others, [self](const AnyFiber& it) { return it.id() == self; }) > 0;
    std::erase_if(others, [](const AnyFiber& it) { return it.ready(); });
    for (const AnyFiber& fiber : others) {
      fiber.kill_soon();
    }
    for (const AnyFiber& fiber : others) {
      if (!fiber.join_until(moment_of(deadline))) {
        return false;
      }
    }
    has_others = !others.empty();
  }
  if (has_self) {
    throw FiberExit();
  }
  return join(deadline);
}

bool Members::wait_for_seat(std::int64_t deadline) const {
  return state_->seats->wait_until(moment_of(deadline));
}

std::size_t Members::free_seats() const { return state_->seats->available(); }

}  // namespace detail
}  // namespace weft
