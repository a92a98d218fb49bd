#include <weft/detail/shielded.h>
#include <weft/fiber_scope.h>
#include <weft/gather.h>
#include <weft/joinall.h>
#include <weft/wait.h>

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace weft {
namespace detail {

void gather(const std::vector<AnyFiber>& fibers, bool until_failure) {
  AnyFiber failed;
  try {
    for (const AnyFiber& ended : iwait(fibers)) {
      if (until_failure && (!ended.successful() || ended.was_killed())) {
        failed = ended;
        break;
      }
    }
  } catch (...) {  // the waiter is ended
    for (const AnyFiber& fiber : fibers) {
      fiber.kill_soon();
    }
    throw;
  }
  if (failed.was_killed()) {
    throw FiberExit();
  }
  if (const std::exception_ptr error = failed.exception()) {
    std::rethrow_exception(error);
  }
}

}  // namespace detail

FiberScope::FiberScope() : exceptions_(std::uncaught_exceptions()) {}

FiberScope::~FiberScope() noexcept(false) {
  if (std::uncaught_exceptions() > exceptions_) {
    kill();
  } else {
    join();
  }
}

std::exception_ptr FiberScope::wait_for_failure() {
  detail::Waits waits;
  for (std::size_t added = 0;;) {
    for (; added < fibers_.size(); ++added) {
      waits.add(fibers_[added].wait_point());
    }
    const auto ended = waits.next(detail::kNever, "weft::FiberScope");
    if (!ended) {
      return nullptr;
    }
    if (!fibers_[*ended].successful()) {
      return fibers_[*ended].exception();
    }
  }
}

void FiberScope::join() {
  std::exception_ptr failure;
  try {
    failure = wait_for_failure();
  } catch (...) {
    kill();
    throw;
  }
  if (failure != nullptr) {
    kill();
    std::rethrow_exception(failure);
  }
  fibers_.clear();
}

void FiberScope::kill() {
  const detail::Shielded shielded;
  while (!fibers_.empty()) {
    const std::vector<AnyFiber> now = std::exchange(fibers_, {});
    killall(now);
    for (const AnyFiber& fiber : now) {
      static_cast<void>(fiber.exception());  // fetched: it is dropped
    }
  }
}

}  // namespace weft
