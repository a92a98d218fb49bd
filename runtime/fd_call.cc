#include "runtime/fd_call.h"

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/fiber_signals.h"
#include "runtime/hub.h"
#include "runtime/scheduler.h"
#include "runtime/wait_fd.h"

namespace weft::detail {

using runtime::Deadline;
using runtime::FdSlot;

void check_wait(int error, const char* call) {
  switch (error) {
    case 0:
      return;
    case EINTR:  // on fibers only: a thread's handlers have run
      runtime::fiber_signals::run_handlers(*runtime::current());
      return;
    case ECANCELED:
      throw_called_off();
    case EIDRM:
      throw_errno(ECANCELED, call);
    default:
      throw_errno(error, call);
  }
}

bool await_edge(int fd, FdSlot& slot, runtime::Direction direction, std::uint32_t seen,
                std::int64_t deadline, const char* call) {
  const Deadline until = Deadline::at(deadline);
  int error = 0;
  if (runtime::current() != nullptr) {
    error = runtime::wait_for(fd, slot, direction, seen,
                              {.deadline = until, .cancellable = true, .heeds_cancel = true});
  } else {
    runtime::FdInterest interest = {.fd = fd, .direction = direction, .seen = seen, .slot = &slot};
    error = runtime::wait_on_thread(&interest, 1, until);
  }
  if (error == ETIMEDOUT) {
    return false;
  }
  check_wait(error, call);
  return true;
}

void take_turn() {
  if (runtime::current() != nullptr) {
    runtime::running.worker->give_turns();
  }
}

FdSlot* adopt_fd(int fd) {
  FdSlot* const slot = runtime::fd_slot(fd);
  if (slot != nullptr) {
    slot->reset();
  }
  return slot;
}

void forget_fd(int fd, bool may_live_on) {
  FdSlot* const slot = runtime::fd_slot(fd);
  if (slot == nullptr) {
    return;
  }
  if (may_live_on) {
    // Else epoll goes on reporting the description under a number that means something else.
    runtime::Hub::forget_everywhere(fd, *slot);
  }
  slot->reset();
}

}  // namespace weft::detail
