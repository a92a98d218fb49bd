// tests/load/process_status.h: kernel threads, memory and CPU time of a running process.
//
// Layer:  tests.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace weft::load {

/// What /proc/PID/status says. -1 where it says nothing, e.g. because the process has ended.
struct ProcessStatus {
  long threads = -1;
  long rss_kib = -1;
  long page_tables_kib = -1;
};

[[nodiscard]] ProcessStatus read_process_status(pid_t pid);

/// CPU time of all of its threads, those that have ended too. Zero if there is no such process.
[[nodiscard]] std::chrono::nanoseconds cpu_time_of(pid_t pid);

}  // namespace weft::load
