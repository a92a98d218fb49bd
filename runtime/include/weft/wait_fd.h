// weft/wait_fd.h: wait until a descriptor is ready; for libraries that have a non-blocking mode.
//
// Layer:  runtime, public.      See also: weft/net/socket.h, which needs no such waits.
#pragma once
#include <weft/detail/time.h>

#include <chrono>
#include <cstdint>

namespace weft {

/// What to wait for.
enum class FdEvent : std::uint8_t {
  kReadable = 1,  ///< A read would not block: data, the end, an error, a connection to accept.
  kWritable = 2,  ///< A write would not block: room, or an error; connect(2) has ended.
  kEither = 3,    ///< One of both.
};

namespace detail {

/// False when the deadline has passed.
bool wait_fd(int fd, FdEvent event, std::int64_t deadline);

}  // namespace detail

/// Waits until a call on the descriptor would not block. It need not be weft's, nor non-blocking,
/// and may be a pipe, terminal, eventfd and so on; regular files are always ready.
///
/// Errors:   throws std::system_error: EBADF if it is not open, or closed meanwhile (by weft's
///           sockets, or by anybody under `weft run` and after patch_all()); ECANCELED after
///           cancel_wait(); what epoll_ctl(2) says.
/// Threads:  any, fiber or not; any number may wait for one descriptor, each of them is woken.
/// Promise:  it was ready when the call returned. Somebody else may have been faster: the call that
///           follows may still have to wait. libc's close(2) alone wakes nobody: call
///           cancel_wait() first.
/// Source:   gevent.socket.wait_read, wait_write, wait_readwrite; psycogreen.
///
///     while (PQisBusy(connection)) weft::wait_fd(PQsocket(connection), weft::FdEvent::kReadable);
inline void wait_fd(int fd, FdEvent event) { detail::wait_fd(fd, event, detail::kNever); }

/// As wait_fd(), for at most `timeout` (any std::chrono duration). False if it was not ready by
/// then.
///
///     if (!weft::wait_fd_for(fd, weft::FdEvent::kWritable, 2s)) give_up();
template <class Rep, class Period>
bool wait_fd_for(int fd, FdEvent event, const std::chrono::duration<Rep, Period>& timeout) {
  return detail::wait_fd(fd, event, detail::deadline_after(timeout));
}

/// As wait_fd_for(), until `moment`, as the clocks stand to each other now.
///
///     bool ready = weft::wait_fd_until(fd, weft::FdEvent::kEither, end);
template <class Clock, class Duration>
bool wait_fd_until(int fd, FdEvent event, const std::chrono::time_point<Clock, Duration>& moment) {
  return detail::wait_fd(fd, event, detail::deadline_at(moment));
}

/// Whoever waits for the descriptor by wait_fd() or in a call of weft::net gets
/// std::system_error(ECANCELED). Waits that begin later are not concerned.
///
/// Errors:   none: if nobody waits nothing happens.
/// Threads:  any, fiber or not.
/// Source:   gevent.hub.Hub.cancel_wait.
///
///     weft::cancel_wait(fd);
///     close(fd);
void cancel_wait(int fd);

}  // namespace weft
