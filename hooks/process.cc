// process.cc: fork and waiting for children, as a table.
#include <sched.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"
#include "hooks/fork.h"
#include "hooks/handed_on.h"
#include "hooks/on_signal.h"
#include "hooks/real.h"
#include "hooks/stdio_lock.h"
#include "hooks/sync/sync.h"
#include "hooks/thread.h"
#include "hooks/timer.h"
#include "hooks/unannounced.h"
#include "hooks/wait.h"
#include "runtime/fork.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// All signals wait for as long as the runtime is in between: the child drops what its fiber had
// kept, and that must not be one that came for the child. Of the one thread that forks: others wait
// in before_fork.
constinit std::uint64_t mask_of_forker = 0;

constexpr CallKind kWait = {
    .is_cancellation_point = true, .restarts = true, .group = Group::kProcess};

// Parks until the child has ended, or a handler wants to run: 0. ECANCELED: the wait was called
// off. ENOSYS: nothing can be waited for, not even whether there is such a child.
int await_end(pid_t pid) {
  const long fd = pid > 0 ? sys::call(SYS_pidfd_open, pid, 0) : -ENOSYS;
  if (sys::failed(fd)) {
    return ENOSYS;
  }
  const auto number = static_cast<int>(fd);
  adopt(number, Kind::kPolled);
  runtime::FdSlot& slot = *runtime::fd_slot(number);
  const std::uint32_t seen = slot.edges(Direction::kRead);
  int ended = 0;
  if (!attempt::is_ready(number, POLLIN)) {
    ended = runtime::wait_for(number, slot, Direction::kRead, seen,
                              {.interruptible = true, .cancellable = true});
  }
  forget(number);
  sys::call(SYS_close, fd);
  return ended == ECANCELED ? ECANCELED
                            : 0;  // whatever else ends it, the caller looks at the child
}

// look() is the wait with WNOHANG: 0 while no child has anything to say. `pid` is the child whose
// end is waited for; 0 if it is any of several, or more than an end: then libc's own call waits.
template <class Look, class Next>
int wait_until(pid_t pid, Look look, Next next) {
  constexpr std::chrono::microseconds kLongest(10'000);
  std::chrono::microseconds pause(200);
  begin(kWait);
  for (;;) {
    const auto found = static_cast<int>(to_libc(look()));
    if (found != 0) {
      return found;
    }
    const int ended = await_end(pid);
    if (ended == ENOSYS) {
      if (runtime::current()->scheduler->has_migration()) {
        return wait_in_kernel(kWait, next);
      }
      runtime::park_until(runtime::Deadline::after(pause));  // a thread's scheduler has one worker
      pause = std::min(pause * 2, kLongest);
    }
    if (is_interrupted(act_on_calls(), false)) {
      return static_cast<int>(to_libc(-EINTR));
    }
    if (ended == ECANCELED) {
      return static_cast<int>(to_libc(-ECANCELED));
    }
  }
}

bool parks(int options) {
  return (options & WNOHANG) == 0 && cooperative(Group::kProcess) != nullptr;
}

pid_t wait_for_child(pid_t pid, int* status, int options, rusage* usage) {
  const auto next = [=] { return real::wait4(pid, status, options, usage); };
  if (!parks(options)) {
    return next();
  }
  const bool is_end_of_one = pid > 0 && (options & (WUNTRACED | WCONTINUED)) == 0;
  return wait_until(
      is_end_of_one ? pid : 0,
      [=] { return sys::call(SYS_wait4, pid, status, options | WNOHANG, usage); }, next);
}

int wait_for_id(idtype_t type, id_t id, siginfo_t* info, int options) {
  const auto next = [=] { return real::waitid(type, id, info, options); };
  if (!parks(options)) {
    return next();
  }
  siginfo_t own = {};
  siginfo_t* const place = info != nullptr ? info : &own;
  const bool is_end_of_one = type == P_PID && (options & (WSTOPPED | WCONTINUED)) == 0;
  const int found = wait_until(
      is_end_of_one ? static_cast<pid_t>(id) : 0,
      [=]() -> long {
        place->si_pid = 0;
        const long result = sys::call(SYS_waitid, type, id, place, options | WNOHANG, nullptr);
        return result < 0 ? result : place->si_pid != 0 ? 1 : 0;
      },
      next);
  return found < 0 ? -1 : 0;
}

// A child that shares memory with us, or has a TLS of its own, is not one that goes on as we do.
constexpr int kNoCopy = CLONE_VM | CLONE_SETTLS;

struct Start {
  int (*function)(void*);
  void* argument;
};

int run_copy(void* argument) {
  const auto* const start = static_cast<const Start*>(argument);  // in the child's copy
  after_fork_in_child(false);
  // libc would end this kernel thread only, and with it the process if it is the only one.
  ::_exit(start->function(start->argument));
}

int make_clone(int (*function)(void*), void* stack, int flags, void* argument, void* (&more)[3]) {
  if ((flags & kNoCopy) != 0 || function == nullptr || stack == nullptr) {
    return real::clone(function, stack, flags, argument, more[0], more[1], more[2]);
  }
  Start start = {function, argument};
  return fork_by([&] {  // returns in the parent only
    return real::clone(run_copy, stack, flags, &start, more[0], more[1], more[2]);
  });
}

}  // namespace

void before_fork() {
  const std::uint64_t mask = sys::set_signal_mask(sys::kAllSignals);
  runtime::Scheduler::before_fork();
  mask_of_forker = mask;
}

void after_fork_in_parent() {
  const std::uint64_t mask = mask_of_forker;
  runtime::Scheduler::after_fork_in_parent();
  share_all();
  made_child(0);
  sys::set_signal_mask(mask);
}

void after_fork_in_child(bool may_allocate) {
  forget_self_id();
  hand_on_no_more();
  share_all();
  sync::after_fork_in_child();
  stdio::after_fork_in_child();
  forget_signals_in_flight();
  forget_timers();
  runtime::Scheduler::after_fork_in_child(may_allocate);
  sys::set_signal_mask(mask_of_forker);
}

void prepare_for_forks() {
  ::pthread_atfork(before_fork, after_fork_in_parent, [] { after_fork_in_child(true); });
  runtime::forks_are_prepared();
}

// clang-format off
extern "C" {
// symbol, signature                                                        how
pid_t fork   ()                                                            { return real::fork(); }
// A child that shares our memory would change our state when it closes its descriptors: it gets a copy.
pid_t _Fork  ()                                                            { return fork_by([] { return real::_Fork(); }); }
pid_t vfork  ()                                                            { return real::fork(); }
pid_t __vfork()                                                            { return real::fork(); }
pid_t wait   (int* status)                                                 { return wait_for_child(-1, status, 0, nullptr); }
pid_t waitpid(pid_t pid, int* status, int options)                         { return wait_for_child(pid, status, options, nullptr); }
pid_t __wait (int* status)                                                 { return wait_for_child(-1, status, 0, nullptr); }
pid_t __waitpid(pid_t pid, int* status, int options)                       { return wait_for_child(pid, status, options, nullptr); }
pid_t wait3  (int* status, int options, rusage* usage)                     { return wait_for_child(-1, status, options, usage); }
pid_t wait4  (pid_t pid, int* status, int options, rusage* usage)          { return wait_for_child(pid, status, options, usage); }
int   waitid (idtype_t type, id_t id, siginfo_t* info, int options)        { return wait_for_id(type, id, info, options); }

#define WEFT_CLONE(name)                                                        \
  int name(int (*function)(void*), void* stack, int flags, void* argument, ...) { \
    va_list list;                                                               \
    va_start(list, argument);                                                   \
    void* more[3] = {};                                                         \
    for (void*& one : more) one = va_arg(list, void*); /* present or not */     \
    va_end(list);                                                               \
    return make_clone(function, stack, flags, argument, more);                  \
  }
WEFT_CLONE(clone)
WEFT_CLONE(__clone)
}
// clang-format on

}  // namespace weft::hooks
