#include "runtime/stuck_report.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "runtime/code_name.h"
#include "runtime/fiber.h"
#include "runtime/helper_thread.h"
#include "runtime/parking_lot.h"
#include "runtime/settings.h"
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
constinit std::atomic<StuckHandler> stuck_handler{nullptr};

// What does not fit is left out. No malloc: the fiber may be stuck in it.
class Line {
 public:
  template <class... Values>
  void add(const char* format, Values... values) {
    const int wanted = std::snprintf(text_ + used_, sizeof text_ - used_, format, values...);
    used_ = std::min(used_ + static_cast<std::size_t>(std::max(wanted, 0)), sizeof text_ - 1);
  }
  [[nodiscard]] const char* text() const { return text_; }
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
      line.add("computes");
      break;
    case SystemCall::State::kFault:
      line.add("waits for memory");
      add_code(line, "in", call.code);
      break;
    case SystemCall::State::kCall:
      line.add("waits");
      add_code(line, "in", call.code);
      if (const char* const name = system_call_name(call.number)) {
        line.add(" (system call %s)", name);
      } else {
        line.add(" (system call %ld)", call.number);
      }
      break;
    case SystemCall::State::kUnknown:  // above all: the process has given up its rights
      line.add("/proc does not say where");
      break;
  }
}

// Where the fiber is, for who asks on a kernel thread that has left the program's descriptors.
// Nothing if it has gone on.
void add_place(Line& line, const StuckReport& report) {
  const SystemCall call = system_call_of(report.worker->kernel_tid);
  if (is_still_there(report)) {
    add_activity(line, call);
  }
}

const char* name_of(const Fiber& fiber) { return fiber.is_main ? "main" : fiber.name; }

void write_report(const StuckReport& report) {
  const Fiber& fiber = *report.fiber;
  Line place;
  add_place(place, report);
  Line line;
  line.add("weft: fiber %llu", static_cast<unsigned long long>(fiber.id));
  if (name_of(fiber)[0] != '\0') {
    line.add(" '%.15s'", name_of(fiber));
  }
  line.add(" (thread %d) has held kernel thread %d for %lld ms", fiber.tid,
           report.worker->kernel_tid, static_cast<long long>(report.held_ms));
  if (place.text()[0] != '\0') {
    line.add(": %s", place.text());
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

// The handler may use the program's descriptors, so another kernel thread looks for the place.
struct Inquiry {
  Line place;
  std::atomic<bool> is_done{false};

  static void* thread_main(void* self) {
    auto* const inquiry = static_cast<Inquiry*>(self);
    leave_descriptors(STDERR_FILENO + 1);
    add_place(inquiry->place, pending);
    // From the store on it may be gone: only its address is used.
    inquiry->is_done.store(true, std::memory_order_release);
    lot::unpark(&inquiry->is_done, lot::kAll);
    helper_thread_ends();
    return nullptr;
  }
  void run() {
    if (start_helper_thread(thread_main, this)) {
      lot::park_while(&is_done, [this] { return !is_done.load(std::memory_order_acquire); });
    }
  }
};

void* handler_main(void* unused) {
  Inquiry inquiry;
  inquiry.run();
  if (const StuckHandler handler = stuck_handler.load(std::memory_order_acquire)) {
    const Fiber& fiber = *pending.fiber;
    char name[sizeof fiber.name] = {};  // the fiber may end meanwhile
    std::snprintf(name, sizeof name, "%s", name_of(fiber));
    handler({.id = fiber.id,
             .name = name,
             .kernel_tid = pending.worker->kernel_tid,
             .held_ms = pending.held_ms,
             .where = inquiry.place.text(),
             .left_out = pending.left_out});
  }
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
  const bool has_handler = stuck_handler.load(std::memory_order_relaxed) != nullptr;
  if (!start_helper_thread(has_handler ? handler_main : report_main, nullptr)) {
    is_writing.store(false, std::memory_order_release);
    return false;
  }
  return true;
}

void set_stuck_handler(StuckHandler handler) {
  stuck_handler.store(handler, std::memory_order_release);
}

bool reports_stuck() {
  return stuck_handler.load(std::memory_order_relaxed) != nullptr || settings().monitor;
}

void stuck_report_after_fork_in_child() { is_writing = false; }

}  // namespace weft::runtime
