// deadlock.cc: whether a thread's scheduler, all of whose fibers wait, can ever go on.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

#include "runtime/kernel_action.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

// Other kernel threads may unpark. "." and ".." count in the links of a folder.
bool has_other_threads() {
  struct stat folder = {};
  return sys::failed(sys::call(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &folder, 0)) ||
         folder.st_nlink != 3;
}

// A child's end may be what a handler or a thread-less wait is about.
bool has_children() {
  return sys::call(SYS_waitid, P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT, nullptr) != -ECHILD;
}

// Those of faults do not come while nothing runs; 32 and 33 are libc's own.
bool has_handlers() {
  constexpr std::uint64_t kNotWaking = 1ULL << (SIGSEGV - 1) | 1ULL << (SIGBUS - 1) |
                                       1ULL << (SIGFPE - 1) | 1ULL << (SIGILL - 1) |
                                       1ULL << (SIGTRAP - 1) | 3ULL << 31;
  for (int signal = 1; signal < _NSIG; ++signal) {
    if ((kNotWaking >> (signal - 1) & 1) != 0) {
      continue;
    }
    const KernelAction action = kernel_action(signal);
    if (!action.is_default() && !action.is_ignored()) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool Scheduler::report_deadlock() {
  if (has_other_threads() || has_children() || has_handlers()) {
    return false;
  }
  main_.is_deadlocked = true;
  runtime::unpark(&main_);
  return true;
}

}  // namespace weft::runtime
