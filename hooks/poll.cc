// poll.cc: poll, select and epoll_wait, as a table.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <cstring>

#include "hooks/cancel.h"
#include "hooks/interests.h"
#include "hooks/real.h"
#include "hooks/thread.h"
#include "hooks/wait.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

extern "C" [[noreturn]] void __chk_fail();

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

constexpr timespec kNow = {};

Deadline after_ms(int timeout) {
  return timeout < 0 ? Deadline::never() : Deadline::after(std::chrono::milliseconds(timeout));
}

bool is_valid(const timespec* t) {
  return t == nullptr || (t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < Deadline::kSecond);
}

Deadline after(const timespec* timeout) {
  return timeout == nullptr ? Deadline::never()
                            : Deadline::after(std::chrono::nanoseconds(runtime::to_ns(*timeout)));
}

// A look at the kernel that found nothing, and what the hub has done since. An edge is counted
// after its hub has counted the poll that brought it. So if the hub has counted none since the
// look, no edge was counted that the look has not seen either, and those to come end a wait: who
// then waits for an edge after the present ones need not look again.
class FirstLook {
 public:
  /// To be made before the look.
  FirstLook() : polls_(count()) {}
  /// To be asked after the edges were noted.
  [[nodiscard]] bool still_counts() const { return polls_ == count(); }

 private:
  static std::uint64_t count() {
    return runtime::current()->scheduler->hub().counters.polls.load(std::memory_order_acquire);
  }
  std::uint64_t polls_;
};

// Parks until an edge on any of the interests, and looks again, until something is found. `first`:
// the look that has found nothing. Natively a call goes on with the files that it began with:
// `closed` says what it returns when one of the descriptors was closed.
template <class Look, class Closed>
long look_until(Interests& interests, Deadline deadline, const FirstLook& first, bool may_skip,
                Look look, Closed closed) {
  bool is_interrupted = false;
  bool is_called_off = false;
  for (;;) {
    interests.begin();
    if (interests.was_closed()) {
      return closed();
    }
    const bool skips = may_skip && first.still_counts();
    may_skip = false;
    const long found = skips ? 0 : look();
    if (found != 0) {
      return found;
    }
    if (is_interrupted) {
      return -EINTR;
    }
    if (deadline.passed()) {
      return 0;
    }
    if (is_called_off) {
      return -ECANCELED;
    }
    is_called_off = !interests.wait(deadline);
    is_interrupted = act_on_calls() != HandlersRun::kNone;
  }
}

// What poll and select say whose time was over from the start: a handler that the mask let through
// comes first. epoll_wait does not look. (The mask is for the wait only: where something is found
// at once it is not set.)
long nothing_at_once() { return run_handlers() != HandlersRun::kNone ? -EINTR : 0; }

long bad_descriptor() { return -EBADF; }

// For poll, which says of each descriptor how it is.
long invalid_entries(pollfd* fds, nfds_t n, const Interests& interests) {
  long found = 0;
  for (nfds_t i = 0; i < n; ++i) {
    fds[i].revents = fds[i].fd >= 0 && interests.was_closed(fds[i].fd) ? POLLNVAL : 0;
    found += fds[i].revents != 0 ? 1 : 0;
  }
  return found;
}

int poll_fds(pollfd* fds, nfds_t n, Deadline deadline, const sigset_t* mask) {
  test_cancel();
  const auto look = [=] {
    return sys::call(SYS_ppoll, fds, n, &kNow, nullptr, sys::kSignalMaskBytes);
  };
  // First without any preparation: it often finds something, and it reports bad arguments.
  const FirstLook first;
  const long found = look();
  if (found != 0) {
    return static_cast<int>(to_libc(found));
  }
  const MaskScope masked(mask);
  if (deadline.passed()) {
    return static_cast<int>(to_libc(nothing_at_once()));
  }
  Interests interests;
  for (nfds_t i = 0; i < n; ++i) {
    if (fds[i].fd >= 0) {
      const bool writes = (fds[i].events & (POLLOUT | POLLWRNORM)) != 0;
      interests.add(fds[i].fd, true, writes);
    }
  }
  const auto closed = [&] { return invalid_entries(fds, n, interests); };
  return static_cast<int>(
      to_libc(look_until(interests, deadline, first, mask == nullptr, look, closed)));
}

int poll_for(pollfd* fds, nfds_t n, int timeout) {
  if (cooperative(Group::kPoll) == nullptr || timeout == 0) {
    return real::poll(fds, n, timeout);
  }
  return poll_fds(fds, n, after_ms(timeout), nullptr);
}

int ppoll_for(pollfd* fds, nfds_t n, const timespec* timeout, const sigset_t* mask) {
  if (!is_valid(timeout) || cooperative(Group::kPoll) == nullptr) {
    return real::ppoll(fds, n, timeout, mask);
  }
  return poll_fds(fds, n, after(timeout), mask);
}

// The three sets of select(2), of any length: callers may allocate more than FD_SETSIZE bits.
class Sets {
 public:
  Sets(int n, fd_set* reads, fd_set* writes, fd_set* excepts)
      : n_(n),
        bytes_((static_cast<std::size_t>(n) + 63) / 64 * 8),
        given_{reads, writes, excepts} {}

  [[nodiscard]] bool has(int which, int fd) const {
    const auto* words = reinterpret_cast<const unsigned long*>(given_[which]);
    return words != nullptr && (words[fd / 64] >> (fd % 64) & 1) != 0;
  }
  void fill(Interests& interests) const {
    for (int fd = 0; fd < n_; ++fd) {
      const bool reads = has(0, fd) || has(2, fd);
      const bool writes = has(1, fd);
      if (reads || writes) {
        interests.add(fd, reads, writes);
      }
    }
  }
  // On copies, and copied back only when something was found: on error and while waiting the
  // caller's are untouched.
  [[nodiscard]] long look() const {
    unsigned long copies[3][kMostWords];  // NOLINT: filled up to bytes_
    unsigned long* sets[3] = {};
    for (int i = 0; i < 3; ++i) {
      if (given_[i] != nullptr) {
        std::memcpy(copies[i], given_[i], bytes_);
        sets[i] = copies[i];
      }
    }
    const long found = sys::call(SYS_pselect6, n_, sets[0], sets[1], sets[2], &kNow, nullptr);
    for (int i = 0; i < 3 && found > 0; ++i) {
      if (given_[i] != nullptr) {
        std::memcpy(given_[i], copies[i], bytes_);
      }
    }
    return found;
  }
  void clear() const {
    for (fd_set* set : given_) {
      if (set != nullptr) {
        std::memset(set, 0, bytes_);
      }
    }
  }
  static constexpr std::size_t kMostWords = 512;
  [[nodiscard]] bool fits() const { return bytes_ <= kMostWords * 8; }

 private:
  int n_;
  std::size_t bytes_;
  fd_set* given_[3];
};

long select_on(const Sets& sets, Deadline deadline, const sigset_t* mask) {
  const FirstLook first;
  const long found = sets.look();
  if (found != 0) {
    return found;
  }
  const MaskScope masked(mask);
  Interests interests;
  sets.fill(interests);
  const long result = deadline.passed() ? nothing_at_once()
                                        : look_until(
                                              interests, deadline, first, mask == nullptr,
                                              [&] { return sets.look(); }, bad_descriptor);
  if (result == 0) {
    sets.clear();
  }
  return result;
}

bool may_park_select(int n, const Sets& sets) {
  return n >= 0 && sets.fits() && cooperative(Group::kPoll) != nullptr;
}

int select_for(int n, fd_set* r, fd_set* w, fd_set* x, timeval* timeout) {
  const Sets sets(n, r, w, x);
  if (!may_park_select(n, sets) ||
      (timeout != nullptr && (timeout->tv_sec < 0 || timeout->tv_usec < 0))) {
    return real::select(n, r, w, x, timeout);
  }
  const Deadline deadline = timeout == nullptr
                                ? Deadline::never()
                                : Deadline::after(std::chrono::seconds(timeout->tv_sec) +
                                                  std::chrono::microseconds(timeout->tv_usec));
  test_cancel();
  const long result = select_on(sets, deadline, nullptr);
  if (timeout != nullptr) {  // Linux writes back the time that is left
    const std::int64_t left = deadline.left_ns();
    timeout->tv_sec = left / Deadline::kSecond;
    timeout->tv_usec = left % Deadline::kSecond / 1000;
  }
  return static_cast<int>(to_libc(result));
}

int pselect_for(int n, fd_set* r, fd_set* w, fd_set* x, const timespec* timeout,
                const sigset_t* mask) {
  const Sets sets(n, r, w, x);
  if (!may_park_select(n, sets) || !is_valid(timeout)) {
    return real::pselect(n, r, w, x, timeout, mask);
  }
  test_cancel();
  return static_cast<int>(to_libc(select_on(sets, after(timeout), mask)));
}

// The program's own epoll keeps its semantics, because the kernel keeps them: it is a descriptor
// that becomes readable.
int epoll_until(int fd, epoll_event* events, int n, Deadline deadline, const sigset_t* mask) {
  test_cancel();
  const auto look = [=] { return sys::call(SYS_epoll_pwait, fd, events, n, 0, nullptr, 0); };
  const FirstLook first;
  const long found = look();
  if (found != 0 || deadline.passed()) {
    return static_cast<int>(to_libc(found));
  }
  const MaskScope masked(mask);
  Interests interests;
  interests.add(fd, true, false);
  return static_cast<int>(
      to_libc(look_until(interests, deadline, first, mask == nullptr, look, bad_descriptor)));
}

template <class Next>
int epoll_wait_for(int fd, epoll_event* events, int n, int timeout, const sigset_t* mask,
                   Next next) {
  if (cooperative(Group::kPoll) == nullptr || timeout == 0) {
    return next();
  }
  return epoll_until(fd, events, n, after_ms(timeout), mask);
}

int epoll_wait_until(int fd, epoll_event* events, int n, const timespec* timeout,
                     const sigset_t* mask) {
  if (!is_valid(timeout) || cooperative(Group::kPoll) == nullptr) {
    return real::epoll_pwait2(fd, events, n, timeout, mask);
  }
  return epoll_until(fd, events, n, after(timeout), mask);
}

void check_bound(nfds_t n, std::size_t size) {
  if (n > size / sizeof(pollfd)) {
    __chk_fail();
  }
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                                                    how
int poll        (pollfd* fds, nfds_t n, int timeout)                                   { return poll_for(fds, n, timeout); }
int __poll      (pollfd* fds, nfds_t n, int timeout)                                   { return poll_for(fds, n, timeout); }
int __poll_chk  (pollfd* fds, nfds_t n, int timeout, size_t size)                      { check_bound(n, size); return poll_for(fds, n, timeout); }
int ppoll       (pollfd* fds, nfds_t n, const timespec* t, const sigset_t* m)          { return ppoll_for(fds, n, t, m); }
int __ppoll_chk (pollfd* fds, nfds_t n, const timespec* t, const sigset_t* m, size_t size) { check_bound(n, size); return ppoll_for(fds, n, t, m); }
int select      (int n, fd_set* r, fd_set* w, fd_set* x, timeval* t)                   { return select_for(n, r, w, x, t); }
int __select    (int n, fd_set* r, fd_set* w, fd_set* x, timeval* t)                   { return select_for(n, r, w, x, t); }
int pselect     (int n, fd_set* r, fd_set* w, fd_set* x, const timespec* t, const sigset_t* m) { return pselect_for(n, r, w, x, t, m); }
int epoll_wait  (int fd, epoll_event* e, int n, int timeout)                           { return epoll_wait_for(fd, e, n, timeout, nullptr, [=] { return real::epoll_wait(fd, e, n, timeout); }); }
int epoll_pwait (int fd, epoll_event* e, int n, int timeout, const sigset_t* m)        { return epoll_wait_for(fd, e, n, timeout, m, [=] { return real::epoll_pwait(fd, e, n, timeout, m); }); }
int epoll_pwait2(int fd, epoll_event* e, int n, const timespec* t, const sigset_t* m)  { return epoll_wait_until(fd, e, n, t, m); }
}
// clang-format on

}  // namespace weft::hooks
