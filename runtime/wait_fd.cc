#include "runtime/wait_fd.h"

#include <cerrno>

#include "runtime/interruptible.h"
#include "runtime/scheduler.h"

namespace weft::runtime {
namespace {

// Marks the running fiber as waiting, for reports and for signals.
class Waiting {
 public:
  Waiting(Fiber* fiber, WaitReason reason, const FdWaitOptions& options)
      : fiber_(fiber),
        asked_(options.deadline),
        deadline_(options.cancellable ? call_off::limited(*fiber, asked_) : asked_),
        interruptible_(*fiber, options.interruptible, options.cancellable) {
    fiber_->waits_for = reason;
    fiber_->scheduler->count_outside_wait(1);
  }
  ~Waiting() {
    fiber_->scheduler->count_outside_wait(-1);
    fiber_->waits_for = WaitReason{};
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  /// 0 while the wait goes on; else the errno that ends it.
  [[nodiscard]] int park_once() {
    if (!park_until(deadline_)) {
      return deadline_ == asked_ ? ETIMEDOUT : call_off::cut_short(*fiber_);
    }
    if (!interruptible_.has_ended()) {
      return 0;
    }
    return interruptible_.is_called_off() ? call_off::cut_short(*fiber_) : EINTR;
  }

 private:
  Fiber* fiber_;
  const Deadline asked_;
  const Deadline deadline_;  // perhaps the fiber's own limit
  Interruptible interruptible_;
};

int verdict(FdWaiter::Outcome outcome, int ended) {
  if (outcome == FdWaiter::Outcome::kClosed) {
    return EBADF;
  }
  if (outcome == FdWaiter::Outcome::kCancelled) {
    return EIDRM;
  }
  return outcome == FdWaiter::Outcome::kEvent ? 0 : ended;
}

}  // namespace

Heard leave_all(FdInterest* interests, std::size_t count) {
  Heard heard;
  for (std::size_t i = 0; i < count; ++i) {
    FdInterest& interest = interests[i];
    if (interest.entered) {
      const auto outcome = interest.slot->leave(interest.waiter, interest.direction, true);
      heard.any = heard.any || outcome != FdWaiter::Outcome::kWaiting;
      heard.closed = heard.closed || outcome == FdWaiter::Outcome::kClosed;
      heard.cancelled = heard.cancelled || outcome == FdWaiter::Outcome::kCancelled;
    }
  }
  return heard;
}

int wait_for(int fd, FdSlot& slot, Direction direction, std::uint32_t seen,
             const FdWaitOptions& options) {
  Fiber* const self = current();
  FdWaiter waiter;
  waiter.fiber = self;
  waiter.heeds_cancel = options.heeds_cancel;
  waiter.exclusive = options.is_announced;  // else it takes no edge from those that need it
  // Before the registration, or its first event may find no waiter.
  if (!slot.enter(waiter, direction, seen)) {
    return 0;
  }
  const int refused = options.is_announced ? self->scheduler->hub().ensure_registered(fd, slot) : 0;
  if (refused != 0) {
    slot.leave(waiter, direction, false);
    return refused;
  }
  const auto kind =
      direction == Direction::kRead ? WaitReason::Kind::kRead : WaitReason::Kind::kWrite;
  Waiting waiting(self, {kind, fd, nullptr}, options);
  const int ended = waiting.park_once();
  return verdict(slot.leave(waiter, direction, ended == 0), ended);
}

int wait_for_any(FdInterest* interests, std::size_t count, const FdWaitOptions& options,
                 bool* refused) {
  Fiber* const self = current();
  Hub& hub = self->scheduler->hub();
  bool look_again = false;
  std::size_t entered = 0;
  for (; entered < count && !look_again; ++entered) {
    FdInterest& interest = interests[entered];
    interest.waiter = {};
    interest.waiter.fiber = self;
    interest.waiter.exclusive = false;
    interest.waiter.heeds_cancel = options.heeds_cancel;
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
                    options);
    ended = waiting.park_once();
  }
  const Heard heard = leave_all(interests, entered);
  if (heard.cancelled) {
    return EIDRM;
  }
  return heard.any || look_again ? 0 : ended;
}

}  // namespace weft::runtime
