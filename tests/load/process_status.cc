#include "tests/load/process_status.h"

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

namespace weft::load {

ProcessStatus read_process_status(pid_t pid) {
  ProcessStatus status;
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "Threads:") words >> status.threads;
    if (name == "VmRSS:") words >> status.rss_kib;
    if (name == "VmPTE:") words >> status.page_tables_kib;
  }
  return status;
}

std::chrono::nanoseconds cpu_time_of(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace weft::load
