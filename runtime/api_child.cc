#include <sys/wait.h>
#include <unistd.h>
#include <weft/child.h>

#include <atomic>
#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/fork.h"
#include "runtime/pidfd.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft {

namespace sys = runtime::sys;

namespace {

constinit std::atomic<bool> are_prepared{false};

pid_t fork_by_itself() {
  const std::uint64_t mask = sys::set_signal_mask(sys::kAllSignals);
  runtime::Scheduler::before_fork();
  const pid_t child = ::fork();
  const int error = errno;
  if (child == 0) {
    runtime::Scheduler::after_fork_in_child();
  } else {
    runtime::Scheduler::after_fork_in_parent();
  }
  sys::set_signal_mask(mask);
  errno = error;
  return child;
}

}  // namespace

void runtime::forks_are_prepared() { are_prepared.store(true, std::memory_order_relaxed); }

pid_t fork() {
  const pid_t child = are_prepared.load(std::memory_order_relaxed) ? ::fork() : fork_by_itself();
  if (child < 0) {
    detail::throw_errno(errno, "weft::fork");
  }
  return child;
}

std::optional<int> detail::wait_child(pid_t pid, std::int64_t deadline) {
  siginfo_t info = {};
  // Of a process that is no child a pidfd can be had, too.
  checked(sys::call(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, nullptr),
          "weft::wait_child");
  const Pidfd child = Pidfd::open(pid);
  return child.wait(deadline) ? child.take_status() : std::nullopt;
}

}  // namespace weft
