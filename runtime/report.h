// report.h: who waits for whom, as text: for `weft dump` and SIGQUIT.
//
// Layer:  runtime.
#pragma once
#include <string>

namespace weft::runtime {

class Scheduler;

/// A line for each fiber: its number, name, state and what it waits for; then a line for each
/// circle of fibers that wait for each other. Reads what others write meanwhile: a snapshot, and no
/// more exact than that. Threads: any that is not a fiber.
std::string report(Scheduler& scheduler);

/// Has a kernel thread of its own write the report: whoever reads it may be slow. To a descriptor
/// of another process, or, for process 0, of this one, which then ends by SIGQUIT.
void send_report(Scheduler& scheduler, int process, int fd);

/// How `weft dump` asks for a report: SIGURG, sent by rt_tgsigqueueinfo(2) to the kernel thread
/// that is called kMonitorName, whose value holds kReportMagic above the number of the asking
/// process's descriptor that shall be written to.
inline constexpr char kMonitorName[] = "weft-monitor";
inline constexpr unsigned long kReportMagic = 0x77656674;

}  // namespace weft::runtime
