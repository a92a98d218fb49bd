// stuck_fibers.h: the fibers that hold their kernel threads for too long, and reports of them:
// WEFT_MONITOR.
//
// Layer:  runtime.      See also: monitor.h, runtime/DESIGN.md ("Reports of stuck fibers").
#pragma once
#include <cstdint>

namespace weft::runtime {

struct Fiber;
class Worker;

/// Used by the monitor only, once per slice: notice() what is stuck, then report().
class StuckFibers {
 public:
  /// The worker has been in its fiber since then, at least, and still was at this look.
  void notice(const Worker& worker, std::int64_t since_ns);
  /// Forgets who has gone on, and reports who has been stuck longest, if it is time to.
  void report(std::int64_t now_ns);
  /// Whether any is known: then report() shall be called again, whatever the others do.
  [[nodiscard]] bool any() const;
  /// In a fork's child, where nobody is stuck, and nobody writes a report.
  void after_fork_in_child();

 private:
  // One stay of a fiber on a worker.
  struct Stay {
    const Worker* worker = nullptr;  // null: none
    const Fiber* fiber = nullptr;
    std::uint32_t ended_before = 0;
    std::int64_t since_ns = 0;
    std::int64_t report_at_ns = 0;
    bool is_noticed = false;   // at this look
    bool is_detached = false;  // the worker has lost its queue, so this is noticed no more
    bool is_due = false;       // it has been as long as is to be reported
    bool was_reported = false;
  };
  static bool goes_on(const Stay& stay);
  void forget(Stay& stay);

  static constexpr int kMost = 16;
  Stay stays_[kMost];
  std::uint64_t left_out_ = 0;  // stays that nothing was said of
};

}  // namespace weft::runtime
