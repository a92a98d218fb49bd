#include <weft/detail/shielded.h>
#include <weft/timeout.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "runtime/api_error.h"
#include "runtime/api_own_fiber.h"
#include "runtime/call_off.h"
#include "runtime/check.h"
#include "runtime/scheduler.h"

namespace weft {

namespace call_off = runtime::call_off;

namespace {

std::uint64_t new_number() {
  static constinit std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Timeout::Timeout(std::chrono::nanoseconds length, std::exception_ptr error)
    : limit_{.id = new_number(), .error = std::move(error)},
      fiber_(&detail::own_fiber("weft::Timeout")) {
  limit_.deadline =
      detail::deadline_after(length);  // by the clock of the scheduler, which runs now
  call_off::add_limit(*static_cast<runtime::Fiber*>(fiber_), limit_);
}

Timeout::~Timeout() {
  WEFT_CHECK(runtime::current() == fiber_, "a Timeout stays with its fiber");
  call_off::remove_limit(*runtime::current(), limit_);
}

void Timeout::set(std::int64_t deadline) {
  runtime::Fiber& self = *runtime::current();
  call_off::remove_limit(self, limit_);
  limit_.deadline = deadline;
  limit_.has_passed = false;
  call_off::add_limit(self, limit_);
}

namespace detail {

void throw_if_cut_short() {
  const runtime::Fiber* const self = runtime::current();
  if (self != nullptr && self->was_cut_short && call_off::is_due(*self)) {
    throw_called_off();
  }
}

Shielded::Shielded() : fiber_(runtime::current()) {
  if (fiber_ != nullptr) {
    ++static_cast<runtime::Fiber*>(fiber_)->shields;
  }
}

Shielded::~Shielded() {
  if (fiber_ != nullptr) {
    --static_cast<runtime::Fiber*>(fiber_)->shields;
  }
}

}  // namespace detail
}  // namespace weft
