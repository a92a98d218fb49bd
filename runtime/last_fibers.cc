// last_fibers.cc: who waits until no others are left, and how they hear of it.
//
// Who changes live_, background_ or unawaited_ then looks at all of them. All of that is
// sequentially consistent, so of two that change them at a time one sees both.
#include <algorithm>

#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"

namespace weft::runtime {

void Scheduler::tell_of_few() {
  if (live_.load() <= std::max(1, background_.load() + unawaited_.load())) {
    lot::unpark(&live_, lot::kAll);
  }
}

void Scheduler::wait_for_foreground() {
  lot::park_while(&live_, [this] { return live_.load() > background_.load(); });
}

void Scheduler::end_main() {
  main_.end_state.fetch_or(Fiber::kHasEnded);
  lot::unpark(&main_.end_state, lot::kAll);
  lot::park_while(&live_, [this] { return !is_alone(); });
}

lot::Woken Scheduler::wait_for_others(const lot::ParkOptions& options) {
  struct Counted {
    explicit Counted(Scheduler& scheduler)
        : scheduler_(scheduler), change_(is_counted(*runtime::current()) ? 0 : 1) {
      scheduler_.unawaited_.fetch_add(change_);
      scheduler_.tell_of_few();
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { scheduler_.unawaited_.fetch_sub(change_); }

   private:
    static bool is_counted(const Fiber& self) { return self.is_main || self.is_background; }
    Scheduler& scheduler_;
    const int change_;
  };
  const Counted counted(*this);
  const auto has_others = [this] { return live_.load() > background_.load() + unawaited_.load(); };
  while (has_others()) {
    const lot::Woken woken = lot::park(&live_, has_others, options);
    if (woken != lot::Woken::kUnparked && woken != lot::Woken::kInvalid) {
      return woken;
    }
  }
  return lot::Woken::kUnparked;
}

}  // namespace weft::runtime
