#include "LD_PRELOAD/cli/dump.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "runtime/report.h"

namespace weft::cli {
namespace {

namespace fs = std::filesystem;

int fail(pid_t process, const std::string& why) {
  std::cerr << "weft: cannot dump process " << process << ": " << why << "\n";
  return 1;
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The kernel thread that answers; none if no thread of the program has become a fiber yet.
std::optional<pid_t> find_monitor(const fs::path& folder) {
  std::error_code error;
  for (const auto& task : fs::directory_iterator(folder / "task", error)) {
    if (first_line(task.path() / "comm") == runtime::kMonitorName) {
      return std::stoi(task.path().filename());
    }
  }
  return {};
}

bool ask(pid_t process, pid_t monitor, int fd) {
  siginfo_t info = {};
  info.si_signo = SIGURG;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  const unsigned long value = runtime::kReportMagic << 32 | static_cast<unsigned>(fd);
  std::memcpy(&info.si_value, &value, sizeof value);
  return ::syscall(SYS_rt_tgsigqueueinfo, process, monitor, SIGURG, &info) == 0;
}

// Copies what comes to standard output. The write end is ours until the first bytes are there: then
// the other process has its own.
bool copy(int (&ends)[2]) {
  constexpr int kPatienceMs = 5000;
  bool came = false;
  for (;;) {
    pollfd readable = {ends[0], POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMs) <= 0) {
      return false;
    }
    char block[4096];
    const ssize_t got = ::read(ends[0], block, sizeof block);
    if (got <= 0) {
      return came;
    }
    std::cout.write(block, got);
    if (!came) {
      ::close(ends[1]);
      came = true;
    }
  }
}

}  // namespace

int dump(pid_t process) {
  const fs::path folder = fs::path("/proc") / std::to_string(process);
  if (!fs::exists(folder)) {
    return fail(process, "there is no such process");
  }
  const std::optional<pid_t> monitor = find_monitor(folder);
  if (!monitor) {
    return fail(process,
                "it has no fibers. Either it does not run under weft, or it has started no thread");
  }
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) {
    return fail(process, std::strerror(errno));
  }
  if (!ask(process, *monitor, ends[1])) {
    return fail(process, std::strerror(errno));
  }
  if (!copy(ends)) {
    return fail(process, "it did not answer within 5 s. Is it stopped, or another user's?");
  }
  std::cout.flush();
  return 0;
}

}  // namespace weft::cli
