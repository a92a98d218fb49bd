#include "runtime/api_error.h"

#include <weft/deadlock.h>
#include <weft/timeout.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "runtime/call_off.h"
#include "runtime/check.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft {

WouldBlockForever::WouldBlockForever(const char* call)
    : std::system_error(EDEADLK, std::generic_category(),
                        std::string(call) + ": would block for ever, since all fibers wait") {}

}  // namespace weft

namespace weft::detail {

void throw_errno(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

long checked(long result, const char* call) {
  if (runtime::sys::failed(result)) {
    throw_errno(static_cast<int>(-result), call);
  }
  return result;
}

void throw_deadlock(const char* what) { throw WouldBlockForever(what); }

void throw_called_off() {
  runtime::Fiber& self = *runtime::current();
  self.was_cut_short = false;
  if (const auto thrown = runtime::call_off::take(self)) {
    std::rethrow_exception(thrown->error);
  }
  const runtime::TimeLimit* const limit = runtime::call_off::take_passed_limit(self);
  WEFT_CHECK(limit != nullptr, "a wait is called off for a reason");
  if (limit->error != nullptr) {
    std::rethrow_exception(limit->error);
  }
  throw TimeoutError(limit->id);
}

void check(runtime::lot::Woken woken, const char* call) {
  if (woken == runtime::lot::Woken::kDeadlock) {
    throw_deadlock(call);
  }
  if (woken == runtime::lot::Woken::kCalledOff) {
    throw_called_off();
  }
}

}  // namespace weft::detail
