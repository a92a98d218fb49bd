#include "runtime/wait_fd.h"

#include <cerrno>

#include "runtime/interruptible.h"
#include "runtime/scheduler.h"

namespace weft::runtime {
namespace {

// Marks the running fiber as waiting, for reports and for signals.
class Waiting {
 public:
  Waiting(Fiber* fiber, WaitReason reason, bool interruptible)
      : fiber_(fiber), interruptible_(*fiber, interruptible) {
    fiber_->waits_for = reason;
    fiber_->scheduler->count_fd_wait(1);
  }
  ~Waiting() {
    fiber_->scheduler->count_fd_wait(-1);
    fiber_->waits_for = WaitReason{};
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  /// 0 while the wait goes on; else the errno that ends it.
  [[nodiscard]] int park_once(Deadline deadline) {
    if (!park_until(deadline)) {
      return ETIMEDOUT;
    }
    return interruptible_.has_ended() ? EINTR : 0;
  }

 private:
  Fiber* fiber_;
  Interruptible interruptible_;
};

int verdict(FdWaiter::Outcome outcome, int ended) {
  if (outcome == FdWaiter::Outcome::kClosed) {
    return EBADF;
  }
  return outcome == FdWaiter::Outcome::kEvent ? 0 : ended;
}

}  // namespace

int wait_for(int fd, FdSlot& slot, Direction direction, std::uint32_t seen, Deadline deadline,
             bool interruptible) {
  Fiber* const self = current();
  FdWaiter waiter;
  waiter.fiber = self;
  // Before the registration, or its first event may find no waiter.
  if (!slot.enter(waiter, direction, seen)) {
    return 0;
  }
  const int refused = self->scheduler->hub().ensure_registered(fd, slot);
  if (refused != 0) {
    slot.leave(waiter, direction, false);
    return refused;
  }
  const auto kind =
      direction == Direction::kRead ? WaitReason::Kind::kRead : WaitReason::Kind::kWrite;
  Waiting waiting(self, {kind, fd, nullptr}, interruptible);
  const int ended = waiting.park_once(deadline);
  return verdict(slot.leave(waiter, direction, ended == 0), ended);
}

int wait_for_any(FdInterest* interests, std::size_t count, Deadline deadline, bool* refused) {
  Fiber* const self = current();
  Hub& hub = self->scheduler->hub();
  bool look_again = false;
  std::size_t entered = 0;
  for (; entered < count && !look_again; ++entered) {
    FdInterest& interest = interests[entered];
    interest.waiter = {};
    interest.waiter.fiber = self;
    interest.waiter.exclusive = false;
    interest.entered = interest.slot->enter(interest.waiter, interest.direction, interest.seen);
    look_again = !interest.entered;
    const int error = interest.entered ? hub.ensure_registered(interest.fd, *interest.slot) : 0;
    if (error != 0) {
      interest.slot->leave(interest.waiter, interest.direction, false);
      interest.entered = false;
      const bool is_unknown = error != EPERM && error != EBADF;
      look_again =
          look_again ||
          (is_unknown && !*refused);  // the caller first hears of it: it must not wait for ever
      *refused = *refused || is_unknown;
    }
  }
  int ended = 0;
  if (!look_again) {
    Waiting waiting(self, {WaitReason::Kind::kPoll, count > 0 ? interests[0].fd : -1, nullptr},
                    true);
    ended = waiting.park_once(deadline);
  }
  bool event = false;
  for (std::size_t i = 0; i < entered; ++i) {
    FdInterest& interest = interests[i];
    if (interest.entered) {
      event = interest.slot->leave(interest.waiter, interest.direction, true) !=
                  FdWaiter::Outcome::kWaiting ||
              event;
    }
  }
  return event || look_again ? 0 : ended;
}

}  // namespace weft::runtime
