#include "hooks/wait.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "hooks/cancel.h"
#include "hooks/thread.h"
#include "runtime/interruptible.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

bool Wait::judge(int fd, int flags) {
  if ((flags & (MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE)) != 0) {
    never_waits_ = (flags & MSG_DONTWAIT) != 0;
    return false;
  }
  target_.slot = runtime::fd_slot(fd);
  if (target_.slot == nullptr) {
    return false;
  }
  target_.info = info_of(fd, *target_.slot);
  const Kind kind = target_.info.kind();
  const bool is_private = target_.info.has(FdInfo::kPrivate);
  if (kind == Kind::kUnknown || kind == Kind::kPlain) {
    return false;
  }
  if (is_private && target_.info.has(FdInfo::kNonblocking)) {
    never_waits_ = true;
    return false;
  }
  may_shortcut_ = direction_ == Direction::kRead && is_private && (flags & MSG_PEEK) == 0 &&
                  (kind == Kind::kTcp || kind == Kind::kPipe);
  return true;
}

void Wait::succeeded(long got, std::size_t asked) {
  if (may_shortcut_ && got > 0 && static_cast<std::size_t>(got) < asked) {
    target_.slot->set_drained(seen_);
  } else if (got != -EAGAIN) {
    target_.slot->pass_on(direction_);
  }
  has_some_ = has_some_ || got > 0;
  if (direction_ == Direction::kWrite && got > 0) {
    target_.send_flags = MSG_NOSIGNAL;  // an error behind some bytes is the next call's, and silent
    if (target_.info.kind() == Kind::kStream) {
      has_parked_ = is_over_ = false;  // each piece has the whole time
    }
  }
}

bool Wait::program_set_nonblocking() const {
  if (target_.info.has(FdInfo::kPrivate)) {
    return target_.info.has(FdInfo::kNonblocking);
  }
  const long flags = sys::call(SYS_fcntl, target_.fd, F_GETFL);
  return !sys::failed(flags) && (flags & O_NONBLOCK) != 0;
}

Deadline Wait::deadline_of_options() const {
  const bool may_have = target_.info.is_socket() && (!target_.info.has(FdInfo::kPrivate) ||
                                                     target_.info.has(FdInfo::kTimeouts));
  if (!may_have) {
    return Deadline::never();
  }
  timeval timeout = {};
  socklen_t size = sizeof timeout;
  const int option = direction_ == Direction::kRead ? SO_RCVTIMEO : SO_SNDTIMEO;
  sys::call(SYS_getsockopt, target_.fd, SOL_SOCKET, option, &timeout, &size);
  if (timeout.tv_sec == 0 && timeout.tv_usec == 0) {
    return Deadline::never();
  }
  return Deadline::after(std::chrono::seconds(timeout.tv_sec) +
                         std::chrono::microseconds(timeout.tv_usec));
}

// A unix socket whose peer went with data unread has an error for the writer that waited, and EPIPE
// for those that come later.
int Wait::error_behind_shutdown() const {
  int error = 0;
  if (direction_ == Direction::kWrite && target_.info.kind() == Kind::kStream) {
    socklen_t size = sizeof error;
    sys::call(SYS_getsockopt, target_.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  return error;
}

int Wait::park() {
  if (is_over_) {
    return EAGAIN;  // socket(7), SO_RCVTIMEO
  }
  if (!has_parked_) {
    if (program_set_nonblocking()) {
      return EAGAIN;
    }
    deadline_ = deadline_of_options();
    has_parked_ = true;
  }
  const int ended =
      runtime::wait_for(target_.fd, *target_.slot, direction_, seen_,
                        {.deadline = deadline_, .interruptible = true, .cancellable = true});
  const HandlersRun ran = act_on_calls();
  if (direction_ == Direction::kWrite && target_.info.kind() == Kind::kStream) {
    target_.send_flags = MSG_NOSIGNAL;  // SIGPIPE is for who does not have to wait for EPIPE
  }
  switch (ended) {
    case EINTR:  // signal(7): with a timeout of the socket's never restarted
      return is_interrupted(ran, has_some_ || !deadline_.is_never()) ? EINTR : 0;
    case 0:
      return error_behind_shutdown();
    case EBADF:
    case ECANCELED:
      return ended;
    case ETIMEDOUT:     // there may be room that poll(2) does not speak of: a socket's buffer is
      is_over_ = true;  // writable when three quarters are free
      return 0;
    default:
      return EPERM;
  }
}

int pause_for_handlers(Deadline deadline, HandlersRun* ran) {
  runtime::Fiber& self = *runtime::current();
  const Deadline limited = runtime::call_off::limited(self, deadline);
  bool is_over = false;
  bool is_called_off = false;
  auto handlers = HandlersRun::kNone;
  while (!is_over && !is_called_off && handlers == HandlersRun::kNone) {
    runtime::Interruptible interruptible(self, true, true);
    while (!is_over && !interruptible.has_ended()) {
      is_over = !runtime::park_until(limited);
    }
    is_called_off = is_over ? limited < deadline : interruptible.is_called_off();
    handlers = act_on_calls();
  }
  if (ran != nullptr) {
    *ran = handlers;
  }
  if (is_called_off) {
    return runtime::call_off::cut_short(self);
  }
  return is_over ? 0 : EINTR;
}

}  // namespace weft::hooks
