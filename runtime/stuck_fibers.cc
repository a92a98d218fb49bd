#include "runtime/stuck_fibers.h"

#include <algorithm>
#include <iterator>

#include "runtime/settings.h"
#include "runtime/stuck_report.h"
#include "runtime/worker.h"

namespace weft::runtime {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
// A long stay is reported again each time that it has become so many times as long.
constexpr std::int64_t kLonger = 10;

}  // namespace

void StuckFibers::notice(const Worker& worker, std::int64_t since_ns) {
  const Fiber* const fiber = worker.fiber.load(std::memory_order_relaxed);
  if (fiber == nullptr) {
    return;  // it has just left it
  }
  auto* stay = std::find_if(std::begin(stays_), std::end(stays_),
                            [&worker](const Stay& known) { return known.worker == &worker; });
  if (stay == std::end(stays_) || stay->since_ns != since_ns || stay->fiber != fiber) {
    if (stay != std::end(stays_)) {
      forget(*stay);
    }
    stay = std::find_if(std::begin(stays_), std::end(stays_),
                        [](const Stay& known) { return known.worker == nullptr; });
    if (stay == std::end(stays_)) {
      ++left_out_;
      return;
    }
    *stay = Stay{.worker = &worker,
                 .fiber = fiber,
                 .ended_before = worker.detached_stays.load(std::memory_order_relaxed),
                 .since_ns = since_ns,
                 .report_at_ns = since_ns + settings().max_blocking_ns};
  }
  stay->is_noticed = true;
  stay->is_detached = worker.mode.load(std::memory_order_acquire) == WorkerMode::kDetached;
}

void StuckFibers::report(std::int64_t now_ns) {
  Stay* longest = nullptr;
  for (Stay& stay : stays_) {
    if (stay.worker != nullptr && !goes_on(stay)) {
      forget(stay);
    }
    stay.is_noticed = false;
    if (stay.worker == nullptr || stay.report_at_ns > now_ns) {
      continue;
    }
    stay.is_due = true;
    if (longest == nullptr || stay.since_ns < longest->since_ns) {
      longest = &stay;
    }
  }
  if (longest == nullptr) {
    return;
  }
  const std::int64_t held_ns = now_ns - longest->since_ns;
  if (report_stuck({longest->worker, longest->fiber, longest->ended_before, held_ns / kMillisecond,
                    left_out_},
                   now_ns)) {
    longest->was_reported = true;
    longest->report_at_ns = longest->since_ns + held_ns * kLonger;
    left_out_ = 0;
  }
}

bool StuckFibers::any() const {
  return std::any_of(std::begin(stays_), std::end(stays_),
                     [](const Stay& stay) { return stay.worker != nullptr; });
}

void StuckFibers::after_fork_in_child() {
  *this = {};
  stuck_report_after_fork_in_child();
}

// A worker that has lost its queue counts when it leaves the fiber.
bool StuckFibers::goes_on(const Stay& stay) {
  return stay.is_noticed ||
         (stay.is_detached &&
          stay.worker->detached_stays.load(std::memory_order_relaxed) == stay.ended_before);
}

void StuckFibers::forget(Stay& stay) {
  left_out_ += stay.is_due && !stay.was_reported ? 1 : 0;
  stay = {};
}

}  // namespace weft::runtime
