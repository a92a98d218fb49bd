// report.h: who waits for whom, as text: for `weft dump` and SIGQUIT.
//
// Layer:  runtime.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace weft {
struct FiberInfo;
}

namespace weft::runtime {

class Scheduler;

/// A line for each fiber: its number, name, state and what it waits for; then a line for each
/// circle of fibers that wait for each other. Reads what others write meanwhile: a snapshot, and no
/// more exact than that. Threads: any.
std::string report(Scheduler& scheduler);
/// The same, fiber by fiber, oldest first.
std::vector<FiberInfo> report_fibers(Scheduler& scheduler);

/// Has a kernel thread of its own write the report, since whoever reads it may be slow: the answer
/// to a request by that number; or to standard error, and then end the process by SIGQUIT.
void answer_with_report(Scheduler& scheduler, std::uint32_t request);
void quit_with_report(Scheduler& scheduler);

/// How `weft dump` asks for a report: SIGURG, sent by rt_tgsigqueueinfo(2) to the kernel thread
/// that is called kMonitorName, whose value holds kReportMagic above a number of its choice.
///
/// The answer lies in memory, in a memfd of the name kReportName, '-' and that number, of a kernel
/// thread that is called kReportName; it is sealed when it is whole, and gone after kReportSeconds.
/// That thread has no other descriptor, and nobody else has this one. So who has asked needs the
/// right to look at the process, and the process, which may have given up its own, needs none.
inline constexpr char kMonitorName[] = "weft-monitor";
inline constexpr char kReportName[] = "weft-report";
inline constexpr std::uint64_t kReportMagic = 0x77656674;
inline constexpr int kReportSeconds = 5;

}  // namespace weft::runtime
