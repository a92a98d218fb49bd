#include <poll.h>
#include <weft/wait_fd.h>

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/fd_call.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"
#include "runtime/wait_fd.h"

namespace weft {

namespace sys = runtime::sys;
using runtime::Direction;
using runtime::FdInterest;
using runtime::FdSlot;

namespace {

constexpr const char* kCall = "weft::wait_fd";

bool has(FdEvent event, FdEvent bit) {
  return (static_cast<int>(event) & static_cast<int>(bit)) != 0;
}

bool is_ready(int fd, FdEvent event) {
  pollfd polled = {fd,
                   static_cast<short>((has(event, FdEvent::kReadable) ? POLLIN : 0) |
                                      (has(event, FdEvent::kWritable) ? POLLOUT : 0)),
                   0};
  const long ready = sys::call(SYS_poll, &polled, 1, 0);
  if (sys::failed(ready) && ready != -EINTR) {
    detail::throw_errno(static_cast<int>(-ready), kCall);
  }
  if ((polled.revents & POLLNVAL) != 0) {
    detail::throw_errno(EBADF, kCall);
  }
  return ready > 0;
}

// The directions that somebody waits for, as they are before he asks the kernel.
class Interests {
 public:
  Interests(int fd, FdSlot& slot, FdEvent event) {
    add(fd, slot, event, FdEvent::kReadable, Direction::kRead);
    add(fd, slot, event, FdEvent::kWritable, Direction::kWrite);
  }

  /// 0: look again; else the errno that ends the wait.
  int wait(runtime::Deadline deadline) {
    if (runtime::current() == nullptr) {
      return runtime::wait_on_thread(list_, count_, deadline);
    }
    // Libraries close their descriptors unseen.
    runtime::Hub& hub = runtime::Scheduler::current()->hub();
    if (const int error = hub.register_anew(list_[0].fd, *list_[0].slot)) {
      return error;
    }
    bool refused = true;  // registered already
    return runtime::wait_for_any(
        list_, count_, {.deadline = deadline, .cancellable = true, .heeds_cancel = true}, &refused);
  }

 private:
  void add(int fd, FdSlot& slot, FdEvent event, FdEvent bit, Direction direction) {
    if (has(event, bit)) {
      list_[count_++] = {
          .fd = fd, .direction = direction, .seen = slot.edges(direction), .slot = &slot};
    }
  }
  FdInterest list_[2];
  std::size_t count_ = 0;
};

}  // namespace

bool detail::wait_fd(int fd, FdEvent event, std::int64_t deadline) {
  take_turn();
  FdSlot* const slot = runtime::fd_slot(fd);
  if (slot == nullptr) {
    throw_errno(fd < 0 ? EBADF : ENOMEM, kCall);
  }
  const std::uint32_t generation = slot->generation();
  bool is_over = false;
  for (;;) {
    Interests interests(fd, *slot, event);
    if (is_ready(fd, event)) {
      return true;
    }
    if (is_over) {
      return false;
    }
    const int error = interests.wait(runtime::Deadline::at(deadline));
    is_over = error == ETIMEDOUT;
    check_wait(is_over ? 0 : error, kCall);
    if (slot->generation() != generation) {
      throw_errno(EBADF, kCall);
    }
  }
}

void cancel_wait(int fd) {
  if (FdSlot* const slot = runtime::fd_slot(fd)) {
    slot->cancel_waits();
  }
}

}  // namespace weft
