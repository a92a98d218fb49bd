#include <weft/wait_for_others.h>

#include "runtime/api_wait.h"
#include "runtime/scheduler.h"

namespace weft::detail {

bool wait_for_others(std::int64_t deadline) {
  const runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    return true;
  }
  const auto woken = self->scheduler->wait_for_others(wait_options(deadline));
  check(woken, "weft::wait");
  return woken != runtime::lot::Woken::kTimedOut;
}

}  // namespace weft::detail
