// stuck_report.h: one line on standard error about a fiber that holds its kernel thread for too
// long.
//
// Layer:  runtime.      See also: stuck_fibers.h.
#pragma once
#include <cstdint>

namespace weft::runtime {

struct Fiber;
class Worker;

struct StuckReport {
  const Worker* worker = nullptr;
  const Fiber* fiber = nullptr;
  std::uint32_t ended_before = 0;  // the worker's count of stays, as long as this one lasts
  std::int64_t held_ms = 0;
  std::uint64_t left_out = 0;  // others, since the last report
};

/// Has a kernel thread of its own write it: whoever reads standard error may be slow. False, and
/// nothing done, if the process has written one within the last second, or still writes it.
[[nodiscard]] bool report_stuck(const StuckReport& report, std::int64_t now_ns);

void stuck_report_after_fork_in_child();

}  // namespace weft::runtime
