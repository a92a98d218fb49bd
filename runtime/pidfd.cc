#include "runtime/pidfd.h"

#include <signal.h>
#include <sys/wait.h>
#include <weft/wait_fd.h>

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/fd_call.h"
#include "runtime/sys.h"

namespace weft::detail {

namespace sys = runtime::sys;

namespace {

constexpr int kOfPidfd = 3;  // P_PIDFD, which older headers lack

// As waitpid(2) has it.
int status_of(const siginfo_t& info) {
  constexpr int kCoreDumped = 0x80;
  switch (info.si_code) {
    case CLD_EXITED:
      return (info.si_status & 0xff) << 8;
    case CLD_DUMPED:
      return info.si_status | kCoreDumped;
    default:
      return info.si_status;
  }
}

}  // namespace

Pidfd::Pidfd(int fd) : fd_(fd) { adopt_fd(fd); }

Pidfd::~Pidfd() {
  if (fd_ >= 0) {
    forget_fd(fd_, true);
    sys::call(SYS_close, fd_);
  }
}

Pidfd Pidfd::open(pid_t pid) {
  return Pidfd(static_cast<int>(checked(sys::call(SYS_pidfd_open, pid, 0), "pidfd_open")));
}

bool Pidfd::wait(std::int64_t deadline) const { return wait_fd(fd_, FdEvent::kReadable, deadline); }

std::optional<int> Pidfd::take_status() const {
  siginfo_t info = {};
  checked(sys::call(SYS_waitid, kOfPidfd, fd_, &info, WEXITED | WNOHANG, nullptr), "waitid");
  return info.si_pid == 0 ? std::nullopt : std::optional(status_of(info));
}

int Pidfd::send(int signal) const {
  return static_cast<int>(-sys::call(SYS_pidfd_send_signal, fd_, signal, nullptr, 0));
}

}  // namespace weft::detail
