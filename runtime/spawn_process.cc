#include "runtime/spawn_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "runtime/api_error.h"
#include "runtime/kernel_action.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __asan_handle_vfork(void* stack_pointer);  // libasan's own vfork calls it
#endif

namespace weft::detail {

namespace sys = runtime::sys;

namespace {

// What the child needs, made before it: it shares our memory until it executes, so it may neither
// allocate nor touch anything that has TLS.
struct Plan {
  const SubprocessOptions& options;
  int streams[3];
  std::uint64_t mask;
  std::vector<std::string> paths;  // to try in order
  std::vector<char*> args;
  std::vector<char*> environment = {};  // if the options name one
  // What failed there.
  int error = 0;
  const char* stage = nullptr;
  const char* subject = "";
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    list.push_back(const_cast<char*>(text.c_str()));
  }
  list.push_back(nullptr);
  return list;
}

// The child's own PATH counts, if it is given one.
std::string search_path(const SubprocessOptions& options) {
  constexpr const char* kDefault = "/bin:/usr/bin";
  if (options.environment) {
    for (const std::string& each : *options.environment) {
      if (each.starts_with("PATH=")) {
        return each.substr(5);
      }
    }
    return kDefault;
  }
  const char* const path = std::getenv("PATH");
  return path == nullptr ? kDefault : path;
}

std::vector<std::string> paths_of(const std::string& program, const SubprocessOptions& options) {
  if (program.find('/') != std::string::npos) {
    return {program};
  }
  std::vector<std::string> paths;
  const std::string list = search_path(options);
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    std::string path = list.substr(begin, end - begin);
    if (!path.empty()) {
      path += '/';
    }
    paths.push_back(path.append(program));
    begin = end + 1;
  }
  return paths;
}

// ---- In the child

[[noreturn]] void give_up(Plan& plan, long result, const char* stage, const char* subject = "") {
  plan.error = static_cast<int>(-result);
  plan.stage = stage;
  plan.subject = subject;
  for (;;) {
    sys::call(SYS_exit_group, 127);
  }
}

void must(Plan& plan, long result, const char* stage, const char* subject = "") {
  if (sys::failed(result)) {
    give_up(plan, result, stage, subject);
  }
}

// Our handlers must not run in the child: it would change our memory.
void reset_signals(const Plan& plan) {
  constexpr int kSignals = 64;
  for (int signal = 1; signal <= kSignals; ++signal) {
    const runtime::KernelAction action = runtime::kernel_action(signal);
    const bool is_restored =
        plan.options.restore_signals && (signal == SIGPIPE || signal == SIGXFSZ);
    if (!action.is_default() && (!action.is_ignored() || is_restored)) {
      runtime::set_default_action(signal);
    }
  }
}

void change_identity(Plan& plan) {
  const SubprocessOptions& options = plan.options;
  if (options.new_session) {
    must(plan, sys::call(SYS_setsid), "setsid");
  }
  if (options.process_group) {
    must(plan, sys::call(SYS_setpgid, 0, *options.process_group), "setpgid");
  }
  if (options.umask) {
    sys::call(SYS_umask, *options.umask);
  }
  if (!options.directory.empty()) {
    const char* const path = options.directory.c_str();
    must(plan, sys::call(SYS_chdir, path), "chdir", path);
  }
  if (options.extra_groups) {
    must(plan, sys::call(SYS_setgroups, options.extra_groups->size(), options.extra_groups->data()),
         "setgroups");
  }
  if (options.group) {
    must(plan, sys::call(SYS_setresgid, *options.group, *options.group, *options.group), "setgid");
  }
  if (options.user) {
    must(plan, sys::call(SYS_setresuid, *options.user, *options.user, *options.user), "setuid");
  }
}

void keep_open(Plan& plan, int fd) { must(plan, sys::call(SYS_fcntl, fd, F_SETFD, 0), "fcntl"); }

void close_at_exec(unsigned first) {
  constexpr unsigned kLast = ~0U;
  if (!sys::failed(sys::call(SYS_close_range, first, kLast, CLOSE_RANGE_CLOEXEC))) {
    return;
  }
  constexpr unsigned kMost = 64 * 1024;  // before Linux 5.11
  for (unsigned fd = first; fd < kMost; ++fd) {
    sys::call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  }
}

void place_streams(Plan& plan) {
  // One that has the number of another stream would be overwritten before its turn.
  for (int i = 0; i < 3; ++i) {
    if (plan.streams[i] >= 0 && plan.streams[i] < 3 && plan.streams[i] != i) {
      const long moved = sys::call(SYS_fcntl, plan.streams[i], F_DUPFD_CLOEXEC, 3);
      must(plan, moved, "fcntl");
      plan.streams[i] = static_cast<int>(moved);
    }
  }
  if (plan.options.close_fds) {
    close_at_exec(3);
  }
  for (int i = 0; i < 3; ++i) {
    if (plan.streams[i] == i) {
      keep_open(plan, i);
    } else if (plan.streams[i] >= 0) {
      must(plan, sys::call(SYS_dup3, plan.streams[i], i, 0), "dup3");
    }
  }
  for (const int fd : plan.options.pass_fds) {
    keep_open(plan, fd);
  }
}

[[noreturn, gnu::noinline]] void execute(Plan& plan) {
  reset_signals(plan);
  change_identity(plan);
  place_streams(plan);
  sys::set_signal_mask(plan.mask);
  char** const environment = plan.options.environment ? plan.environment.data() : environ;
  long result = -ENOENT;
  const char* tried = "";
  for (const std::string& path : plan.paths) {
    const long failed = sys::call(SYS_execve, path.c_str(), plan.args.data(), environment);
    if (result != -EACCES) {  // which says more than that others do not exist
      result = failed;
      tried = path.c_str();
    }
    if (failed != -ENOENT && failed != -ENOTDIR && failed != -EACCES) {
      break;
    }
  }
  give_up(plan, result, "execve", tried);
}

// ---- Here

// As vfork: the child has our memory and this very stack, and we sleep until it executes or exits.
// It never returns from here, and nothing of this frame changes after it began.
[[gnu::noinline]] long make_child(Plan& plan, int& pidfd) {
  constexpr long kFlags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  const long pid = sys::call(SYS_clone, kFlags, nullptr, &pidfd, nullptr, nullptr);
  if (pid == 0) {
    execute(plan);
  }
#if defined(__SANITIZE_ADDRESS__)
  __asan_handle_vfork(__builtin_frame_address(0));  // the child's frames never returned
#endif
  return pid;
}

[[noreturn]] void report(const Plan& plan) {
  std::string what = std::string("weft::Subprocess: ") + plan.stage;
  if (*plan.subject != '\0') {
    what += std::string(" '") + plan.subject + '\'';
  }
  throw_errno(plan.error, what.c_str());
}

}  // namespace

Spawned spawn_process(const std::vector<std::string>& args, const SubprocessOptions& options,
                      const int (&streams)[3]) {
  if (args.empty()) {
    throw_errno(EINVAL, "weft::Subprocess: no arguments");
  }
  Plan plan = {
      .options = options,
      .streams = {streams[0], streams[1], streams[2]},
      .mask = 0,
      .paths = paths_of(options.executable.empty() ? args[0] : options.executable, options),
      .args = pointers(args)};
  if (options.environment) {
    plan.environment = pointers(*options.environment);
  }
  int pidfd = -1;
  plan.mask = sys::set_signal_mask(sys::kAllSignals);
  const long pid = make_child(plan, pidfd);
  if (runtime::running.worker != nullptr) {
    // The child may ask to die with its parent, which is this kernel thread.
    runtime::running.worker->keep();
  }
  sys::set_signal_mask(plan.mask);
  checked(pid, "weft::Subprocess: clone");
  if (plan.error != 0) {
    sys::call(SYS_wait4, pid, nullptr, 0, nullptr);
    sys::call(SYS_close, pidfd);
    report(plan);
  }
  return {static_cast<pid_t>(pid), pidfd};
}

}  // namespace weft::detail
