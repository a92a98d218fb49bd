#include "LD_PRELOAD/cli/dump.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <thread>

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

bool ask(pid_t process, pid_t monitor, std::uint32_t number) {
  siginfo_t info = {};
  info.si_signo = SIGURG;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  const std::uint64_t value = runtime::kReportMagic << 32 | number;
  std::memcpy(&info.si_value, &value, sizeof value);
  return ::syscall(SYS_rt_tgsigqueueinfo, process, monitor, SIGURG, &info) == 0;
}

// The answer, if that is the file, and it is whole.
std::optional<std::string> answer_in(const fs::path& file, std::uint32_t number) {
  std::error_code error;
  const std::string wanted =
      "/memfd:" + std::string(runtime::kReportName) + '-' + std::to_string(number) + " (deleted)";
  if (fs::read_symlink(file, error) != wanted) {
    return {};
  }
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_whole = fd >= 0 && (::fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE) != 0;
  std::optional<std::string> text;
  if (is_whole) {
    char block[4096];
    ssize_t got = 0;
    text.emplace();
    for (off_t at = 0; (got = ::pread(fd, block, sizeof block, at)) > 0; at += got) {
      text->append(block, static_cast<std::size_t>(got));
    }
  }
  if (fd >= 0) {
    ::close(fd);
  }
  return text;
}

std::optional<std::string> find_answer(const fs::path& folder, std::uint32_t number) {
  std::error_code error;
  for (const auto& task : fs::directory_iterator(folder / "task", error)) {
    if (first_line(task.path() / "comm") != runtime::kReportName) {
      continue;
    }
    for (const auto& file : fs::directory_iterator(task.path() / "fd", error)) {
      if (auto text = answer_in(file.path(), number)) {
        return text;
      }
    }
  }
  return {};
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
  const std::uint32_t number = std::random_device()();
  if (!ask(process, *monitor, number)) {
    return fail(process, std::strerror(errno));
  }
  const auto patience = std::chrono::seconds(runtime::kReportSeconds);
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < give_up) {
    if (const auto answer = find_answer(folder, number)) {
      std::cout << *answer << std::flush;
      return 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return fail(process, "it did not answer within " + std::to_string(runtime::kReportSeconds) +
                           " s. Is it stopped, or may you not look at its files in /proc?");
}

}  // namespace weft::cli
