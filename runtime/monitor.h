// monitor.h: notices a worker that is stuck in one fiber, and has its queue handed over.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("Handoff").
#pragma once
#include <sys/types.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "runtime/stuck_fibers.h"

namespace weft::runtime {

class RunQueue;
class Scheduler;
class Worker;

/// A kernel thread of weft's own that looks once per slice, and sleeps while the scheduler is idle.
class Monitor {
 public:
  explicit Monitor(Scheduler& scheduler) : scheduler_(scheduler) {}
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor() = default;

  /// Starts the thread if it is not there. Called on a fiber.
  void start();
  /// A worker has work after having been idle. Costs a load while the monitor is awake.
  void wake() {
    if (asleep_.load(std::memory_order_seq_cst)) {
      wake_up();
    }
  }
  /// Ends the thread, and waits until it has ended.
  void stop();
  /// The same where no other fiber shall run meanwhile.
  void stop_here();
  /// Has a report written to standard error, then ends the process by SIGQUIT. False if there is no
  /// monitor. Async-signal-safe.
  bool report_and_quit();
  /// In a fork's child, which has no monitor: the next start() makes one.
  void after_fork_in_child();

 private:
  enum class State : std::uint32_t { kNone, kRuns, kStops, kHasEnded };
  // What the monitor saw of one queue at its last look.
  struct Seen {
    const Worker* holder = nullptr;
    std::uint64_t picks = 0;
    std::int64_t since_ns = 0;  // the first look that saw this; if stuck fibers are reported
    bool was_user = false;
  };
  static void* thread_main(void* self);
  void loop();
  bool pause();
  void wait(const timespec* timeout);
  void call();
  bool begin_stop();
  void look(Seen* seen);
  void relieve(RunQueue& queue, const Worker* stuck);
  void sleep_while_idle();
  void wake_up();

  Scheduler& scheduler_;
  std::atomic<State> state_{State::kNone};
  std::atomic<pid_t> kernel_tid_{0};
  std::atomic<bool> shall_quit_{false};
  std::atomic<bool> asleep_{false};
  std::uint64_t picks_seen_ = 0;
  int idle_looks_ = 0;
  StuckFibers stuck_;
};

}  // namespace weft::runtime
