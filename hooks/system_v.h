// system_v.h: message queues and semaphores of System V.
//
// Layer:  hooks. `next` is libc's own call.
#pragma once
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "hooks/unannounced.h"
#include "runtime/deadline.h"
#include "runtime/sys.h"

namespace weft::hooks {

/// signal(7): never restarted.
inline constexpr CallKind kMessageCall = {
    .is_cancellation_point = true, .restarts = false, .group = Group::kIpc};
inline constexpr CallKind kSemaphoreCall = {
    .is_cancellation_point = false, .restarts = false, .group = Group::kIpc};

template <class Next>
auto send_message(CallKind kind, int id, const void* message, std::size_t size, int flags,
                  Next next) -> decltype(next()) {
  if ((flags & IPC_NOWAIT) != 0) {
    return next();
  }
  return try_or_wait(
      kind,
      [=] {
        return waits_if(EAGAIN,
                        runtime::sys::call(SYS_msgsnd, id, message, size, flags | IPC_NOWAIT));
      },
      next);
}

template <class Next>
auto receive_message(CallKind kind, int id, void* message, std::size_t size, long type, int flags,
                     Next next) -> decltype(next()) {
  if ((flags & (IPC_NOWAIT | MSG_COPY)) != 0) {  // MSG_COPY alone is an error, and never waits
    return next();
  }
  return try_or_wait(
      kind,
      [=] {
        return waits_if(
            ENOMSG, runtime::sys::call(SYS_msgrcv, id, message, size, type, flags | IPC_NOWAIT));
      },
      next);
}

/// A timeout of null: without a bound. next(timeout) is libc's own.
template <class Next>
auto change_semaphores(int id, sembuf* operations, std::size_t count, const timespec* timeout,
                       Next next) -> decltype(next(timeout)) {
  constexpr timespec kNow = {};
  const bool has_room_to_wait =
      timeout == nullptr ||
      (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 &&
       timeout->tv_nsec < runtime::Deadline::kSecond && timeout->tv_sec + timeout->tv_nsec > 0);
  if (!has_room_to_wait) {
    return next(timeout);
  }
  const auto deadline =
      timeout == nullptr
          ? runtime::Deadline::never()
          : runtime::Deadline::after(std::chrono::nanoseconds(runtime::to_ns(*timeout)));
  const auto wait = [=] {
    const timespec left = deadline.left();
    return next(timeout == nullptr ? nullptr : &left);
  };
  return try_or_wait(
      kSemaphoreCall,
      [=]() -> long {
        const long result = runtime::sys::call(SYS_semtimedop, id, operations, count, &kNow);
        const bool may_wait =
            result == -EAGAIN && std::any_of(operations, operations + count, [](const sembuf& one) {
              return (one.sem_flg & IPC_NOWAIT) == 0;
            });
        return may_wait ? kWouldWait : result;
      },
      wait);
}

}  // namespace weft::hooks
