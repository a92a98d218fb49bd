// wait_on_thread.cc: waits for descriptors on kernel threads that are not weft's.
#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "runtime/check.h"
#include "runtime/sys.h"
#include "runtime/wait_fd.h"

namespace weft::runtime {
namespace {

// An eventfd, by which FdSlot wakes the thread.
class WakeFd {
 public:
  WakeFd() : result_(sys::call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~WakeFd() {
    if (!sys::failed(result_)) {
      sys::call(SYS_close, result_);
    }
  }
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;
  [[nodiscard]] int number() const { return static_cast<int>(result_); }
  [[nodiscard]] int error() const { return sys::failed(result_) ? static_cast<int>(-result_) : 0; }

 private:
  const long result_;
};

constexpr std::size_t kMost = 32;

int poll_once(pollfd* polled, std::size_t count, Deadline deadline) {
  timespec left = deadline.left();
  const long result = sys::call(SYS_ppoll, polled, count, deadline.is_never() ? nullptr : &left,
                                nullptr, sys::kSignalMaskBytes);
  if (result == 0) {
    return ETIMEDOUT;
  }
  return result == -EINTR || !sys::failed(result) ? 0 : static_cast<int>(-result);
}

}  // namespace

int wait_on_thread(FdInterest* interests, std::size_t count, Deadline deadline) {
  WEFT_CHECK(count <= kMost, "a thread waits for few descriptors at a time");
  const WakeFd wake;
  if (wake.error() != 0) {
    return wake.error();
  }
  pollfd polled[kMost + 1] = {{wake.number(), POLLIN, 0}};
  std::size_t entered = 0;
  bool look_again = false;
  for (; entered < count && !look_again; ++entered) {
    FdInterest& interest = interests[entered];
    interest.waiter = {};
    interest.waiter.wake_fd = wake.number();
    interest.waiter.exclusive = false;  // fibers that wait for the same get their events, too
    interest.waiter.heeds_cancel = true;
    interest.entered = interest.slot->enter(interest.waiter, interest.direction, interest.seen);
    look_again = !interest.entered;
    const int events = interest.direction == Direction::kRead ? POLLIN : POLLOUT;
    polled[entered + 1] = {interest.fd, static_cast<short>(events), 0};
  }
  const int ended = look_again ? 0 : poll_once(polled, count + 1, deadline);
  const Heard heard = leave_all(interests, entered);
  if (heard.cancelled) {
    return EIDRM;
  }
  return heard.closed ? EBADF : ended;
}

}  // namespace weft::runtime
