#include <weft/introspection.h>

#include "runtime/check.h"
#include "runtime/report.h"
#include "runtime/scheduler.h"

namespace weft {
namespace {

runtime::Scheduler* watched() {
  runtime::Scheduler* const own = runtime::Scheduler::current();
  return own != nullptr ? own : runtime::Scheduler::process();
}

}  // namespace

std::vector<FiberInfo> all_fibers() {
  runtime::Scheduler* const scheduler = watched();
  return scheduler == nullptr ? std::vector<FiberInfo>() : runtime::report_fibers(*scheduler);
}

std::size_t active_count() {
  const runtime::Scheduler* const scheduler = watched();
  return scheduler == nullptr ? 0 : static_cast<std::size_t>(scheduler->live_fibers());
}

std::uint64_t main_fiber() {
  runtime::Scheduler* const scheduler = watched();
  return scheduler == nullptr ? 0 : scheduler->main_fiber().id;
}

std::string format_run_info() {
  runtime::Scheduler* const scheduler = watched();
  return scheduler == nullptr ? "" : runtime::report(*scheduler);
}

void print_run_info() {
  std::string text = format_run_info();
  if (!text.empty()) {
    text.pop_back();  // print_line ends it
    runtime::print_line(text.c_str());
  }
}

}  // namespace weft
