#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "runtime/os.h"
#include "runtime/report.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {
namespace {

struct Request {
  Scheduler* scheduler;
  std::uint32_t number;
};

void write_all(long fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const long wrote = sys::call(SYS_write, fd, text.data() + done, text.size() - done);
    if (sys::failed(wrote)) {
      return;  // nobody reads it any more
    }
    done += static_cast<std::size_t>(wrote);
  }
}

[[noreturn]] void quit() {
  const std::uint64_t bit = std::uint64_t{1} << (SIGQUIT - 1);
  ::signal(SIGQUIT, SIG_DFL);
  sys::call(SYS_rt_sigprocmask, SIG_UNBLOCK, &bit, nullptr, sizeof bit);
  sys::call(SYS_tgkill, sys::call(SYS_getpid), sys::call(SYS_gettid), SIGQUIT);
  sys::call(SYS_exit_group, 128 + SIGQUIT);
  __builtin_unreachable();
}

// This kernel thread shall have no part in the program's descriptors: it neither keeps one open
// that the program closes, nor takes a number that the program expects. Linux 5.9.
void leave_descriptors() {
  constexpr unsigned kUnshare = 2;  // linux: CLOSE_RANGE_UNSHARE
  sys::call(SYS_close_range, 0U, ~0U, kUnshare);
}

// Who asks finds it within the time, or has given up.
void show(const std::string& text, std::uint32_t number) {
  leave_descriptors();
  const std::string name = std::string(kReportName) + '-' + std::to_string(number);
  const long fd = sys::call(SYS_memfd_create, name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (sys::failed(fd)) {
    return;
  }
  write_all(fd, text);
  sys::call(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE);
  const timespec time = {.tv_sec = kReportSeconds, .tv_nsec = 0};
  sys::call(SYS_nanosleep, &time, nullptr);
  sys::call(SYS_close, fd);
}

void* answer_main(void* argument) {
  const Request request = *static_cast<Request*>(argument);
  delete static_cast<Request*>(argument);
  sys::call(SYS_prctl, PR_SET_NAME, kReportName);
  show(report(*request.scheduler), request.number);
  tcb::count_threads(1);
  return nullptr;
}

void* quit_main(void* argument) {
  write_all(STDERR_FILENO, report(*static_cast<Scheduler*>(argument)));
  quit();
}

// libc is not to count it among the program's threads.
bool start(void* (*main)(void*), void* argument) {
  tcb::count_threads(-1);
  const bool is_started = os::start_thread(main, argument);
  if (!is_started) {
    tcb::count_threads(1);
  }
  return is_started;
}

}  // namespace

void answer_with_report(Scheduler& scheduler, std::uint32_t request) {
  auto* const argument = new Request{&scheduler, request};
  if (!start(answer_main, argument)) {
    delete argument;
  }
}

void quit_with_report(Scheduler& scheduler) { start(quit_main, &scheduler); }

}  // namespace weft::runtime
