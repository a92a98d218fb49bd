#include "runtime/stuck_report.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "runtime/code_name.h"
#include "runtime/fiber.h"
#include "runtime/helper_thread.h"
#include "runtime/sys.h"
#include "runtime/system_call.h"
#include "runtime/worker.h"

namespace weft::runtime {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// One for the process, which has at most one monitor per scheduler.
constinit StuckReport pending;  // owned by who has set is_writing
constinit std::atomic<bool> is_writing{false};
constinit std::atomic<std::int64_t> next_at_ns{0};

// What does not fit is left out. No malloc: the fiber may be stuck in it.
class Line {
 public:
  template <class... Values>
  void add(const char* format, Values... values) {
    const int wanted = std::snprintf(text_ + used_, sizeof text_ - used_, format, values...);
    used_ = std::min(used_ + static_cast<std::size_t>(std::max(wanted, 0)), sizeof text_ - 1);
  }
  void write() {
    text_[used_] = '\n';
    sys::call(SYS_write, STDERR_FILENO, text_, used_ + 1);
  }

 private:
  char text_[512] = {};
  std::size_t used_ = 0;
};

bool is_still_there(const StuckReport& report) {
  const Worker& worker = *report.worker;
  return worker.fiber.load(std::memory_order_relaxed) == report.fiber &&
         worker.mode.load(std::memory_order_acquire) != WorkerMode::kRuntime &&
         worker.detached_stays.load(std::memory_order_relaxed) == report.ended_before;
}

void add_code(Line& line, const char* word, std::uintptr_t code) {
  const CodeName name = code_name(code);
  const char* const object = name.object == nullptr ? "the program" : name.object;
  if (name.function != nullptr) {
    line.add(" %s %s of %s", word, name.function, object);
  } else {
    line.add(" %s %s at %#lx", word, object, static_cast<unsigned long>(name.offset));
  }
}

void add_activity(Line& line, const SystemCall& call) {
  switch (call.state) {
    case SystemCall::State::kRuns:
      line.add(": computes");
      break;
    case SystemCall::State::kFault:
      line.add(": waits for memory");
      add_code(line, "in", call.code);
      break;
    case SystemCall::State::kCall:
      line.add(": waits");
      add_code(line, "in", call.code);
      if (const char* const name = system_call_name(call.number)) {
        line.add(" (system call %s)", name);
      } else {
        line.add(" (system call %ld)", call.number);
      }
      break;
    case SystemCall::State::kUnknown:  // above all: the process has given up its rights
      line.add(": /proc does not say where");
      break;
  }
}

void write_report(const StuckReport& report) {
  const Fiber& fiber = *report.fiber;
  const pid_t kernel_tid = report.worker->kernel_tid;
  const SystemCall call = system_call_of(kernel_tid);
  Line line;
  line.add("weft: fiber %llu", static_cast<unsigned long long>(fiber.id));
  if (fiber.is_main || fiber.name[0] != '\0') {
    line.add(" '%.15s'", fiber.is_main ? "main" : fiber.name);
  }
  line.add(" (thread %d) has held kernel thread %d for %lld ms", fiber.tid, kernel_tid,
           static_cast<long long>(report.held_ms));
  if (is_still_there(report)) {
    add_activity(line, call);
  }
  if (report.left_out != 0) {
    line.add("; %llu more were stuck since the last report",
             static_cast<unsigned long long>(report.left_out));
  }
  line.write();
}

void* report_main(void* unused) {
  leave_descriptors(STDERR_FILENO + 1);
  write_report(pending);
  is_writing.store(false, std::memory_order_release);
  helper_thread_ends();
  return unused;
}

}  // namespace

bool report_stuck(const StuckReport& report, std::int64_t now_ns) {
  if (now_ns < next_at_ns.load(std::memory_order_relaxed) ||
      is_writing.exchange(true, std::memory_order_acquire)) {
    return false;
  }
  next_at_ns.store(now_ns + kSecond, std::memory_order_relaxed);
  pending = report;
  if (!start_helper_thread(report_main, nullptr)) {
    is_writing.store(false, std::memory_order_release);
    return false;
  }
  return true;
}

void stuck_report_after_fork_in_child() { is_writing = false; }

}  // namespace weft::runtime
