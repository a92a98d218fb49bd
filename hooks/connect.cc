#include "hooks/connect.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>

#include "hooks/attempt.h"
#include "hooks/real.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

long start(int fd, const sockaddr* address, socklen_t size) {
  const long flags = sys::call(SYS_fcntl, fd, F_GETFL);
  sys::call(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
  const long result = sys::call(SYS_connect, fd, address, size);
  sys::call(SYS_fcntl, fd, F_SETFL, flags);
  return result;
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  sys::call(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int await_outcome(Wait& wait, int fd) {
  for (;;) {
    wait.begin();
    if (attempt::is_ready(fd, POLLOUT)) {
      return static_cast<int>(to_libc(-pending_error(fd)));
    }
    if (const int error = wait.park()) {
      return static_cast<int>(to_libc(error == EAGAIN ? -EINPROGRESS : -error));
    }
  }
}

// A unix socket whose listener's backlog is full: poll(2) has nothing to wait for, so ask again at
// growing intervals.
int await_backlog(const Wait& wait, int fd, const sockaddr* address, socklen_t size) {
  const Deadline deadline = wait.deadline_of_options();
  std::chrono::microseconds pause(100);
  constexpr std::chrono::microseconds kLongest(10'000);
  for (;;) {
    const bool is_last = deadline.passed();
    const long result = start(fd, address, size);
    if (result != -EAGAIN || is_last) {
      return static_cast<int>(to_libc(result));
    }
    HandlersRun ran = HandlersRun::kNone;
    const int ended = pause_for_handlers(std::min(deadline, Deadline::after(pause)), &ran);
    if (ended == ECANCELED || is_interrupted(ran, !deadline.is_never())) {
      return static_cast<int>(to_libc(ended == ECANCELED ? -ECANCELED : -EINTR));
    }
    pause = std::min(pause * 2, kLongest);
  }
}

}  // namespace

int connect_to(int fd, const sockaddr* address, socklen_t size) {
  Wait wait = writable(fd);
  const Kind kind = wait.is_cooperative() ? wait.target().info.kind() : Kind::kPlain;
  if ((kind != Kind::kTcp && kind != Kind::kStream) ||
      (sys::call(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK) != 0) {
    return real::connect(fd, address, size);
  }
  test_cancel();
  const long result = start(fd, address, size);
  if (result == -EINPROGRESS) {
    return await_outcome(wait, fd);
  }
  return result == -EAGAIN ? await_backlog(wait, fd, address, size)
                           : static_cast<int>(to_libc(result));
}

}  // namespace weft::hooks
