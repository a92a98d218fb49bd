#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "runtime/helper_thread.h"
#include "runtime/report.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

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

// Who asks finds it within the time, or has given up.
void show(const std::string& text, std::uint32_t number) {
  leave_descriptors(0);
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
  helper_thread_ends();
  return nullptr;
}

void* quit_main(void* argument) {
  write_all(STDERR_FILENO, report(*static_cast<Scheduler*>(argument)));
  quit();
}

}  // namespace

void answer_with_report(Scheduler& scheduler, std::uint32_t request) {
  auto* const argument = new Request{&scheduler, request};
  if (!start_helper_thread(answer_main, argument)) {
    delete argument;
  }
}

void quit_with_report(Scheduler& scheduler) {
  if (!start_helper_thread(quit_main, &scheduler)) {
    quit();
  }
}

}  // namespace weft::runtime
