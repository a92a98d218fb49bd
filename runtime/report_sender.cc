#include <fcntl.h>
#include <signal.h>

#include <string>

#include "runtime/os.h"
#include "runtime/report.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {
namespace {

// One report to be written.
struct Request {
  Scheduler* scheduler;
  int process;  // that owns the descriptor; 0: this one, which shall quit then
  int fd;
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

void* report_main(void* argument) {
  const Request request = *static_cast<Request*>(argument);
  delete static_cast<Request*>(argument);
  const std::string text = report(*request.scheduler);
  if (request.process == 0) {
    write_all(request.fd, text);
    quit();
  }
  const std::string path =
      "/proc/" + std::to_string(request.process) + "/fd/" + std::to_string(request.fd);
  const long fd = sys::call(SYS_openat, AT_FDCWD, path.c_str(), O_WRONLY | O_CLOEXEC);
  if (!sys::failed(fd)) {
    write_all(fd, text);
    sys::call(SYS_close, fd);
  }
  tcb::count_threads(1);
  return nullptr;
}

}  // namespace

void send_report(Scheduler& scheduler, int process, int fd) {
  auto* const request = new Request{&scheduler, process, fd};
  tcb::count_threads(-1);
  if (!os::start_thread(report_main, request)) {
    tcb::count_threads(1);
    delete request;
  }
}

}  // namespace weft::runtime
