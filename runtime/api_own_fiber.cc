#include "runtime/api_own_fiber.h"

#include <cerrno>
#include <string>

#include "runtime/api_error.h"
#include "runtime/scheduler.h"

namespace weft::detail {

runtime::Scheduler& own_scheduler(const char* what) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::current_or_start();
  if (scheduler == nullptr) {
    throw_errno(EAGAIN, (std::string(what) + ": the thread's scheduler could not start").c_str());
  }
  return *scheduler;
}

runtime::Fiber& own_fiber(const char* what) {
  own_scheduler(what);
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    throw_errno(EPERM, (std::string(what) + ": the calling thread can have no fibers").c_str());
  }
  return *self;
}

}  // namespace weft::detail
