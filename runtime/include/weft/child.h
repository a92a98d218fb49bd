// weft/child.h: processes that are made of this one, and their end.
//
// Layer:  runtime, public.      See also: weft/subprocess.h.
#pragma once
#include <sys/types.h>
#include <weft/detail/time.h>

#include <chrono>
#include <optional>

namespace weft {
namespace detail {

/// What waitpid(2) has as the status; nothing when the deadline has passed.
std::optional<int> wait_child(pid_t pid, std::int64_t deadline);

}  // namespace detail

/// Makes a copy of the process, as fork(2): in the child the calling fiber lives on, alone, with a
/// scheduler that works at once. Returns 0 there, the child's process id here.
///
/// Errors:   std::system_error with what fork(2) says.
/// Threads:  any, fiber or not.
/// Promise:  under `weft run` and after patch_all() libc's fork() is the same. Else a child that is
///           made by that must not use weft.
/// Source:   gevent.os.fork; gevent.reinit.
///
///     if (weft::fork() == 0) _exit(serve());
pid_t fork();

/// Waits until a child has ended, and takes its end. Returns the status, as of waitpid(2).
///
/// Errors:   std::system_error: ECHILD if it is no child, or if somebody else has taken its end;
///           ENOSYS before Linux 5.3. What calls off the fiber's waits: then its end is still
///           there.
/// Threads:  any, fiber or not.
/// Promise:  by a pidfd: handlers of SIGCHLD are the program's own affair.
/// Source:   gevent.os.waitpid.
///
///     bool is_well = WIFEXITED(weft::wait_child(pid));
inline int wait_child(pid_t pid) { return *detail::wait_child(pid, detail::kNever); }

/// As wait_child(), for at most `timeout`. Nothing if it has not ended by then.
///
///     if (!weft::wait_child_for(pid, 2s)) kill(pid, SIGKILL);
template <class Rep, class Period>
std::optional<int> wait_child_for(pid_t pid, const std::chrono::duration<Rep, Period>& timeout) {
  return detail::wait_child(pid, detail::deadline_after(timeout));
}

/// As wait_child_for(), until `moment`, as the clocks stand to each other now.
///
///     auto status = weft::wait_child_until(pid, end);
template <class Clock, class Duration>
std::optional<int> wait_child_until(pid_t pid,
                                    const std::chrono::time_point<Clock, Duration>& moment) {
  return detail::wait_child(pid, detail::deadline_at(moment));
}

}  // namespace weft
