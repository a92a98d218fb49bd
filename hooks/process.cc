// process.cc: fork and waiting for children, as a table.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"
#include "hooks/fork.h"
#include "hooks/real.h"
#include "hooks/sigaction.h"
#include "hooks/sync/sync.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// All signals wait for as long as the runtime is in between: the child drops what its fiber had
// kept, and that must not be one that came for the child. Of the one thread that forks: others wait
// in before_fork.
constinit std::uint64_t mask_of_forker = 0;

void before() {
  const std::uint64_t mask = sys::set_signal_mask(sys::kAllSignals);
  runtime::Scheduler::before_fork();
  mask_of_forker = mask;
}

void in_parent() {
  const std::uint64_t mask = mask_of_forker;
  runtime::Scheduler::after_fork_in_parent();
  share_all();
  sys::set_signal_mask(mask);
}

void in_child() {
  forget_self_id();
  share_all();
  sync::after_fork_in_child();
  forget_signals_in_flight();
  runtime::Scheduler::after_fork_in_child();
  sys::set_signal_mask(mask_of_forker);
}

// Parks until the child may have changed state, or a handler wants to run.
void await_child(pid_t pid, std::chrono::microseconds& pause) {
  constexpr std::chrono::microseconds kLongest(10'000);
  const long fd = pid > 0 ? sys::call(SYS_pidfd_open, pid, 0) : -ENOSYS;
  if (sys::failed(fd)) {
    // Any child, a group of them, or a kernel before 5.3: nothing to wait for but time.
    runtime::park_until(runtime::Deadline::after(pause));
    pause = std::min(pause * 2, kLongest);
    return;
  }
  const auto number = static_cast<int>(fd);
  adopt(number, Kind::kPolled);
  runtime::FdSlot& slot = *runtime::fd_slot(number);
  const std::uint32_t seen = slot.edges(Direction::kRead);
  if (!attempt::is_ready(number, POLLIN)) {
    // Whatever ends it, the caller looks at the child.
    static_cast<void>(
        runtime::wait_for(number, slot, Direction::kRead, seen, runtime::Deadline::never(), true));
  }
  forget(number);
  sys::call(SYS_close, fd);
}

// look() is the wait with WNOHANG: 0 while no child has anything to say.
template <class Look>
pid_t wait_until(pid_t pid, Look look) {
  std::chrono::microseconds pause(200);
  test_cancel();
  for (;;) {
    const auto found = static_cast<pid_t>(to_libc(look()));
    if (found != 0) {
      return found;
    }
    await_child(pid, pause);
    if (is_interrupted(act_on_calls(), false)) {
      return static_cast<pid_t>(to_libc(-EINTR));
    }
  }
}

bool parks(int options) {
  return (options & WNOHANG) == 0 && cooperative(Group::kProcess) != nullptr;
}

// A stopped child makes no pidfd readable.
pid_t watched(pid_t pid, int options) {
  return (options & (WUNTRACED | WCONTINUED)) == 0 ? pid : -1;
}

pid_t wait_for_child(pid_t pid, int* status, int options, rusage* usage) {
  if (!parks(options)) {
    return real::wait4(pid, status, options, usage);
  }
  return wait_until(watched(pid, options),
                    [=] { return sys::call(SYS_wait4, pid, status, options | WNOHANG, usage); });
}

int wait_for_id(idtype_t type, id_t id, siginfo_t* info, int options) {
  if (!parks(options)) {
    return real::waitid(type, id, info, options);
  }
  siginfo_t own = {};
  siginfo_t* const place = info != nullptr ? info : &own;
  const bool is_exit_of_one = type == P_PID && (options & (WSTOPPED | WCONTINUED)) == 0;
  const pid_t ended = wait_until(is_exit_of_one ? static_cast<pid_t>(id) : -1, [=]() -> long {
    place->si_pid = 0;
    const long result = sys::call(SYS_waitid, type, id, place, options | WNOHANG, nullptr);
    return result < 0 ? result : place->si_pid != 0 ? 1 : 0;
  });
  return ended < 0 ? -1 : 0;
}

}  // namespace

void prepare_for_forks() { ::pthread_atfork(before, in_parent, in_child); }

// clang-format off
extern "C" {
// symbol, signature                                                        how
pid_t fork   ()                                                            { return real::fork(); }
// A child that shares our memory would change our state when it closes its descriptors: it gets a copy.
pid_t vfork  ()                                                            { return real::fork(); }
pid_t __vfork()                                                            { return real::fork(); }
pid_t wait   (int* status)                                                 { return wait_for_child(-1, status, 0, nullptr); }
pid_t waitpid(pid_t pid, int* status, int options)                         { return wait_for_child(pid, status, options, nullptr); }
pid_t __wait (int* status)                                                 { return wait_for_child(-1, status, 0, nullptr); }
pid_t __waitpid(pid_t pid, int* status, int options)                       { return wait_for_child(pid, status, options, nullptr); }
pid_t wait3  (int* status, int options, rusage* usage)                     { return wait_for_child(-1, status, options, usage); }
pid_t wait4  (pid_t pid, int* status, int options, rusage* usage)          { return wait_for_child(pid, status, options, usage); }
int   waitid (idtype_t type, id_t id, siginfo_t* info, int options)        { return wait_for_id(type, id, info, options); }
}
// clang-format on

}  // namespace weft::hooks
