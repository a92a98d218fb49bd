// unannounced.h: the verb for calls whose wait no descriptor announces: file locks, queues and
// semaphores of System V...
//
// Layer:  hooks.      See also: hooks/block.h, hooks/DESIGN.md ("Verbs").
#pragma once
#include <cerrno>
#include <type_traits>

#include "hooks/active.h"
#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/wait.h"

namespace weft::hooks {

/// What pthreads(7) and signal(7) say of a call.
struct CallKind {
  bool is_cancellation_point;
  bool restarts;  // behind handlers with SA_RESTART; else handlers always end it
  Group group = Group::kIo;
};

/// The same call by its number: syscall(2) is no cancellation point.
constexpr CallKind without_cancellation(CallKind kind) {
  return {false, kind.restarts, kind.group};
}

/// What a try says that would have had to wait; no errno.
inline constexpr long kWouldWait = -4096;

/// A try whose error number for "would have to wait" is `error`.
inline long waits_if(int error, long result) { return result == -error ? kWouldWait : result; }

/// Acts on what has come before the call, as its kind does.
inline void begin(CallKind kind) {
  if (kind.is_cancellation_point) {
    test_cancel();
  } else {
    begin_call();
  }
}

/// libc's way to say that a call has failed.
template <class Result>
Result failed() {
  if constexpr (std::is_pointer_v<Result>) {
    return nullptr;
  } else {
    return -1;
  }
}

/// Calls libc's own, which waits in the kernel. A handler that ran since begin() ends the call, as
/// it would have there.
template <class Next>
auto wait_in_kernel(CallKind kind, Next next) {
  return block([&]() -> decltype(next()) {
    if (is_interrupted(run_handlers(), !kind.restarts)) {
      errno = EINTR;
      return failed<decltype(next())>();
    }
    for (;;) {
      const auto result = next();
      if (result != failed<decltype(next())>() || !goes_on_behind(errno)) {
        return result;
      }
    }
  });
}

/// Tries without waiting. Where that is not enough, the worker is handed over at once, and libc's
/// own call waits.
template <class Try, class Next>
auto try_or_wait(CallKind kind, Try attempt_once, Next next) -> decltype(next()) {
  if (cooperative(kind.group) == nullptr) {
    return next();
  }
  begin(kind);
  const long result = attempt_once();
  return result != kWouldWait ? static_cast<decltype(next())>(to_libc(result))
                              : wait_in_kernel(kind, next);
}

}  // namespace weft::hooks
