#include "tests/load/process_status.h"

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
  }
  return status;
}

}  // namespace weft::load
