#include <weft/sleep.h>
#include <weft/this_fiber.h>

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/deadline.h"
#include "runtime/interruptible.h"
#include "runtime/may_wait.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft {

using runtime::Deadline;

namespace detail {

std::int64_t deadline_after(std::chrono::nanoseconds timeout) {
  return Deadline::after(timeout).ns();
}

std::int64_t deadline_at_steady(std::chrono::nanoseconds moment) {
  return Deadline::on_clock(CLOCK_MONOTONIC, moment.count()).ns();
}

bool is_real_time() { return runtime::is_real_time(); }

void sleep_until(std::int64_t deadline) {
  runtime::check_may_wait();
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    const timespec until = Deadline::at(deadline).to_timespec();
    while (runtime::sys::call(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
                              nullptr) == -EINTR) {
    }
    return;
  }
  const Deadline limited = runtime::call_off::limited(*self, Deadline::at(deadline));
  bool is_called_off = limited < Deadline::at(deadline);
  self->waits_for = runtime::WaitReason{runtime::WaitReason::Kind::kSleep, -1, nullptr};
  for (;;) {
    runtime::Interruptible interruptible(*self, false, true);
    if (!runtime::park_until(limited)) {
      break;
    }
    if (!interruptible.has_ended()) {
      continue;  // somebody's late unpark
    }
    if (interruptible.is_called_off()) {
      is_called_off = true;
      break;
    }
    runtime::fiber_signals::run_handlers(*self);
  }
  self->waits_for = runtime::WaitReason{};
  if (is_called_off) {
    throw_called_off();
  }
}

}  // namespace detail

void sleep(std::chrono::nanoseconds duration) {
  if (duration.count() <= 0) {
    yield();
  } else {
    detail::sleep_until(detail::deadline_after(duration));
  }
}

void yield() {
  runtime::yield();
  const runtime::Fiber* const self = runtime::current();
  if (self != nullptr && runtime::call_off::is_due(*self)) {
    detail::throw_called_off();
  }
}

}  // namespace weft
