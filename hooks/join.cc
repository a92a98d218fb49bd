// join.cc: waiting for a thread's end, as a table.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>

#include "hooks/block.h"
#include "hooks/c11.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/thread.h"
#include "hooks/time_point.h"
#include "runtime/scheduler.h"

namespace weft::hooks {

using runtime::Deadline;
using runtime::Fiber;
using runtime::Scheduler;

namespace {

// The one join of a fiber, from its claim on; given back if the fiber is not joined after all.
class Claim {
 public:
  Claim(Fiber& fiber, bool is_bounded) : fiber_(fiber) {
    const std::uint32_t before = fiber.end_state.fetch_or(Fiber::kIsJoined);
    if ((before & (Fiber::kIsJoined | Fiber::kIsDetached)) != 0) {
      error_ = EINVAL;
      return;
    }
    is_mine_ = true;
    Fiber* const self = runtime::current();
    fiber.joiner = self;
    if (!is_bounded && self != nullptr && self->joiner.load() == &fiber &&
        !runtime::must_cancel(*self)) {
      error_ = EDEADLK;  // of two that join each other one sees the other
    }
  }
  ~Claim() {
    if (is_mine_) {
      fiber_.joiner = nullptr;
      fiber_.end_state.fetch_and(~std::uint32_t{Fiber::kIsJoined});
    }
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  [[nodiscard]] int error() const { return error_; }
  /// The fiber has been joined: it may be another thread's by now.
  void used() { is_mine_ = false; }

 private:
  Fiber& fiber_;
  int error_ = 0;
  bool is_mine_ = false;
};

int join_fiber(Fiber& fiber, void** result, Deadline deadline) {
  if ((fiber.end_state.load() & Fiber::kIsDetached) != 0) {
    return EINVAL;
  }
  if (&fiber == runtime::current() && !runtime::must_cancel(fiber)) {
    return EDEADLK;
  }
  Claim claim(fiber, !deadline.is_never());
  if (claim.error() != 0) {
    return claim.error();
  }
  for (;;) {
    test_cancel();
    switch (Scheduler::join(&fiber, deadline, result, true)) {
      case runtime::lot::Woken::kTimedOut:
        return ETIMEDOUT;
      case runtime::lot::Woken::kInterrupted:
        break;  // a handler ends no join
      default:
        claim.used();
        return 0;
    }
  }
}

// `next` is libc's, for a kernel thread: it waits for the kernel.
template <class Next>
int join(pthread_t thread, void** result, Deadline deadline, Next next) {
  Fiber* const fiber = any_fiber_of(thread);
  return fiber != nullptr ? join_fiber(*fiber, result, deadline) : block(next);
}

int join_for_ever(pthread_t thread, void** result) {
  return join(thread, result, Deadline::never(),
              [=] { return real::pthread_join(thread, result); });
}

int try_join(pthread_t thread, void** result) {
  Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_tryjoin_np(thread, result);
  }
  return (fiber->end_state.load() & Fiber::kHasEnded) == 0
             ? EBUSY
             : join_fiber(*fiber, result, Deadline::never());
}

int clock_join(pthread_t thread, void** result, clockid_t clock, const timespec* until) {
  const TimePoint point(clock, until);
  if (!point.has_known_clock()) {
    return EINVAL;
  }
  return join(thread, result, point.deadline(),
              [=] { return real::pthread_clockjoin_np(thread, result, clock, until); });
}

int join_c11(thrd_t thread, int* result) {
  void* value = nullptr;
  const int error = join_for_ever(thread, &value);
  if (error == 0 && result != nullptr) {
    *result = static_cast<int>(reinterpret_cast<std::uintptr_t>(value));
  }
  return as_c11(error);
}

int detach(pthread_t thread) {
  Fiber* const fiber = any_fiber_of(thread);
  if (fiber == nullptr) {
    return real::pthread_detach(thread);
  }
  const std::uint32_t state = fiber->end_state.load();
  if ((state & Fiber::kIsDetached) != 0) {
    return EINVAL;
  }
  if ((state & Fiber::kIsJoined) == 0) {  // else its joiner frees it
    Scheduler::detach(fiber);
  }
  return 0;
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                           how
int pthread_join        (pthread_t t, void** r)                                               { return join_for_ever(t, r); }
int pthread_tryjoin_np  (pthread_t t, void** r)                                               { return try_join(t, r); }
int pthread_timedjoin_np(pthread_t t, void** r, const timespec* until)                        { return clock_join(t, r, CLOCK_REALTIME, until); }
int pthread_clockjoin_np(pthread_t t, void** r, clockid_t clock, const timespec* until)       { return clock_join(t, r, clock, until); }
int pthread_detach      (pthread_t t)                                                         { return detach(t); }
int thrd_join           (thrd_t t, int* r)                                                    { return join_c11(t, r); }
int thrd_detach         (thrd_t t)                                                            { return as_c11(detach(t)); }
}
// clang-format on

}  // namespace weft::hooks
