// stuck_report.h: one line on standard error about a fiber that holds its kernel thread for too
// long, or a call of the program's handler.
//
// Layer:  runtime.      See also: stuck_fibers.h.
#pragma once
#include <cstdint>

namespace weft::runtime {

struct Fiber;
class Worker;

/// What is reported. Names and texts live as long as the report.
struct StuckFiber {
  std::uint64_t id = 0;
  const char* name = "";
  int kernel_tid = 0;
  std::int64_t held_ms = 0;
  const char* where = "";  // empty if it is there no more
  std::uint64_t left_out = 0;
};
using StuckHandler = void (*)(const StuckFiber&);

/// Is called in place of the line, on a kernel thread of its own; null for the line.
void set_stuck_handler(StuckHandler handler);
/// Whether stuck fibers are to be reported: WEFT_MONITOR, or there is a handler.
[[nodiscard]] bool reports_stuck();

struct StuckReport {
  const Worker* worker = nullptr;
  const Fiber* fiber = nullptr;
  std::uint32_t ended_before = 0;  // the worker's count of stays, as long as this one lasts
  std::int64_t held_ms = 0;
  std::uint64_t left_out = 0;  // others, since the last report
};

/// Has a kernel thread of its own do it: whoever reads standard error may be slow. False, and
/// nothing done, if the process has done one within the last second, or still does.
[[nodiscard]] bool report_stuck(const StuckReport& report, std::int64_t now_ns);

void stuck_report_after_fork_in_child();

}  // namespace weft::runtime
