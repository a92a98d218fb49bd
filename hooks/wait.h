// wait.h: the verbs that the tables of hooks are written in.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("The contract of a blocking call").
//
// A row says: symbol and signature | verb | what it waits for | one non-blocking try | the next
// definition.
#pragma once
#include <cerrno>
#include <cstddef>

#include "hooks/active.h"
#include "hooks/attempt.h"
#include "hooks/cancel.h"
#include "hooks/fd_table.h"
#include "runtime/sys.h"
#include "runtime/wait_fd.h"

namespace weft::hooks {

using runtime::Deadline;
using runtime::Direction;

/// A call that may have to wait for a descriptor, judged once for all rows: cooperative or not.
class Wait {
 public:
  /// Judges a call on `fd`. `flags` are those of recv and send (MSG_DONTWAIT…).
  Wait(int fd, Direction direction, int flags, Group group = Group::kIo)
      : target_{fd, nullptr, FdInfo(0)},
        direction_(direction),
        cooperative_(cooperative(group) != nullptr && judge(fd, flags)) {}

  /// Whether to try and park here. If not, the row calls the next definition.
  [[nodiscard]] bool is_cooperative() const { return cooperative_; }
  /// It is not cooperative, and the kernel will not wait either: the program has said so.
  [[nodiscard]] bool never_waits() const { return never_waits_; }
  attempt::Target& target() { return target_; }
  [[nodiscard]] Kind kind() const { return target_.info.kind(); }

  /// Before a try: notes how many edges were seen.
  void begin() { seen_ = target_.slot->edges(direction_); }
  /// Whether a read would find nothing, known without asking the kernel (the short-read shortcut).
  [[nodiscard]] bool is_drained() const { return may_shortcut_ && target_.slot->is_drained(); }
  /// After a successful try of `asked` bytes that gave `got`: the next waiter may look, too.
  void succeeded(long got, std::size_t asked);
  /// The call has got something already: any handler, or the end of the time, ends it with that.
  void has_some() { has_some_ = true; }
  /// After a try that would have blocked. 0: try again; else what the call fails with. EPERM: only
  /// blocking can wait for this.
  [[nodiscard]] int park();
  /// When the socket's timeout for this direction runs out, counted from now.
  [[nodiscard]] Deadline deadline_of_options() const;
  /// O_NONBLOCK is set by the program.
  [[nodiscard]] bool program_set_nonblocking() const;

 private:
  bool judge(int fd, int flags);
  [[nodiscard]] int error_behind_shutdown() const;

  attempt::Target target_;
  Direction direction_;
  std::uint32_t seen_ = 0;
  bool never_waits_ = false;
  bool may_shortcut_ = false;
  bool has_parked_ = false;
  bool has_some_ = false;
  bool is_over_ = false;  // the deadline has passed: the next try is the last
  Deadline deadline_;
  bool cooperative_;  // last: judge() writes to those above
};

inline Wait readable(int fd, int flags = 0, Group group = Group::kIo) {
  return {fd, Direction::kRead, flags, group};
}
inline Wait writable(int fd, int flags = 0, Group group = Group::kIo) {
  return {fd, Direction::kWrite, flags, group};
}

/// Parks the running fiber until the deadline (0), until signal handlers have run (EINTR), or until
/// it is called off (ECANCELED). `ran`: which have run by then, also where the deadline came first.
[[nodiscard]] int pause_for_handlers(Deadline deadline, HandlersRun* ran = nullptr);

/// libc's way to return a system call's result.
inline ssize_t to_libc(long result) {
  if (result < 0 && result >= -4095) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}

/// The next definition of a call that is not cooperative. What never waits goes straight to the
/// kernel: libc would first say, and then unsay, by locked instructions, that it can be cancelled.
template <class Real, class... Args>
ssize_t next_of(const Wait& wait, long number, Real& libc_call, Args... args) {
  if (!wait.never_waits()) {
    return libc_call(args...);
  }
  test_cancel();
  const long result = runtime::sys::call(number, args...);
  if (result == -EPIPE) {
    run_handlers();  // of SIGPIPE, before the call returns
  }
  return to_libc(result);
}

/// once() of a call that is cooperative.
template <class Try, class Next>
ssize_t once_here(Wait& wait, std::size_t asked, Try& attempt_once, Next& next) {
  test_cancel();
  for (;;) {
    wait.begin();
    if (!wait.is_drained()) {
      const long result = attempt_once(wait.target());
      if (result != -EAGAIN) {
        wait.succeeded(result, asked);
        return to_libc(result);
      }
    }
    if (const int error = wait.park()) {
      return error == EPERM ? next() : to_libc(-error);
    }
  }
}

/// Try, park, try again: until it does anything but "would block".
template <class AWait, class Try, class Next>
ssize_t once(AWait&& wait, std::size_t asked, Try attempt_once, Next next) {
  return wait.is_cooperative() ? once_here(wait, asked, attempt_once, next) : next();
}

/// A count beats an error. The handler of SIGPIPE runs before the call returns.
inline ssize_t failed_behind(std::size_t done, int error) {
  if (error == EPIPE) {
    run_handlers();
  }
  return done > 0 ? static_cast<ssize_t>(done) : to_libc(-error);
}

/// whole() of a call that is cooperative.
template <class Try, class Next>
ssize_t whole_here(Wait& wait, std::size_t asked, Try& attempt_from, Next& next) {
  test_cancel();
  std::size_t done = 0;
  for (;;) {
    wait.begin();
    const long result = attempt_from(wait.target(), done);
    if (result >= 0) {
      wait.succeeded(result, asked - done);
      done += static_cast<std::size_t>(result);
      if (done >= asked || wait.target().info.kind() == Kind::kDatagram || result == 0) {
        return static_cast<ssize_t>(done);
      }
      continue;
    }
    const int error = result == -EAGAIN ? wait.park() : static_cast<int>(-result);
    if (error == EPERM && result == -EAGAIN && done == 0) {
      return next();
    }
    if (error != 0) {
      return failed_behind(done, error);
    }
  }
}

/// As a blocking write on a stream: returns when all `asked` bytes are taken. A count beats an
/// error. attempt_from(target, done) tries the rest behind the first `done` bytes.
template <class AWait, class Try, class Next>
ssize_t whole(AWait&& wait, std::size_t asked, Try attempt_from, Next next) {
  return wait.is_cooperative() ? whole_here(wait, asked, attempt_from, next) : next();
}

}  // namespace weft::hooks
