#include <weft/sleep.h>
#include <weft/this_fiber.h>

#include <cerrno>

#include "runtime/deadline.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft {

using runtime::Deadline;

namespace detail {

std::int64_t deadline_after(std::chrono::nanoseconds timeout) {
  return Deadline::after(timeout).ns();
}

void sleep_until(std::int64_t deadline) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    const timespec until = Deadline::at(deadline).to_timespec();
    while (runtime::sys::call(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
                              nullptr) == -EINTR) {
    }
    return;
  }
  self->waits_for = runtime::WaitReason{runtime::WaitReason::Kind::kSleep, -1, nullptr};
  while (runtime::park_until(Deadline::at(deadline))) {
    // Somebody's late unpark, not the deadline.
  }
  self->waits_for = runtime::WaitReason{};
}

}  // namespace detail

void sleep(std::chrono::nanoseconds duration) {
  if (duration.count() <= 0) {
    yield();
  } else {
    detail::sleep_until(detail::deadline_after(duration));
  }
}

void yield() { runtime::yield(); }

namespace this_fiber {

bool on_fiber() { return runtime::current() != nullptr; }

std::uint64_t id() {
  const runtime::Fiber* const self = runtime::current();
  return self == nullptr ? 0 : self->id;
}

const char* name() {
  const runtime::Fiber* const self = runtime::current();
  return self == nullptr ? "" : self->name;
}

}  // namespace this_fiber
}  // namespace weft
