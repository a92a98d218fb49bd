// tests/load/process_status.h: kernel threads and memory of a running process.
//
// Layer:  tests.
#pragma once

#include <sys/types.h>

namespace weft::load {

/// What /proc/PID/status says. -1 where it says nothing, e.g. because the process has ended.
struct ProcessStatus {
  long threads = -1;
  long rss_kib = -1;
};

[[nodiscard]] ProcessStatus read_process_status(pid_t pid);

}  // namespace weft::load
