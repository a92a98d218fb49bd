// socket_call.h: one call on a socket: enters it, tries, waits, tries again.
//
// Layer:  net.      See also: net/DESIGN.md ("Sockets"), runtime/fd_call.h.
#pragma once
#include <weft/net/socket.h>

#include <cerrno>
#include <cstddef>

#include "runtime/api_error.h"
#include "runtime/fd_call.h"
#include "runtime/fd_slot.h"
#include "runtime/sys.h"
#include "runtime/transfer.h"

namespace weft::net {

namespace sys = runtime::sys;
using runtime::Direction;

/// As long as it lives the socket's number is not given back.
class SocketCall {
 public:
  /// Throws EBADF if the socket is not open. `name` is for error messages.
  SocketCall(const Socket& socket, const char* name);
  SocketCall(const SocketCall&) = delete;
  SocketCall& operator=(const SocketCall&) = delete;
  ~SocketCall();

  [[nodiscard]] int fd() const { return socket_.fd_; }

  /// Calls attempt(fd), which returns a result or -errno, until that is another than -EAGAIN, and
  /// waits in between. Throws any other error, and ETIMEDOUT when the socket's time is up, which
  /// counts from the constructor on. `asked`: bytes that a read asks for, if what it finds is taken
  /// out; else 0.
  template <class Try>
  long run(Direction direction, std::size_t asked, Try attempt) {
    bool is_over = false;
    for (;;) {
      const std::uint32_t seen = slot_->edges(direction);
      check_open();
      if (is_over || !(direction == Direction::kRead && slot_->is_drained())) {
        const long result = attempt(fd());
        if (result == -EINTR) {
          continue;
        }
        if (result != -EAGAIN) {
          return ended(direction, result, asked, seen);
        }
      }
      if (is_over) {
        throw_error(ETIMEDOUT);
      }
      is_over = !wait(direction, seen);
    }
  }

  /// Receives or sends some bytes, with the flags of recv(2) and send(2): by the scheduler's
  /// io_uring if it has one, else as run() does. `asked`: as there.
  long transfer(runtime::Transfer wanted, std::size_t asked);

  /// A system call that never waits.
  template <class... Args>
  long simply(long number, Args... args) {
    const long result = sys::call(number, fd(), args...);
    if (sys::failed(result)) {
      throw_error(static_cast<int>(-result));
    }
    return result;
  }

  [[noreturn]] void throw_error(int error) const { weft::detail::throw_errno(error, name_); }
  [[nodiscard]] runtime::FdSlot& slot() { return *slot_; }
  [[nodiscard]] std::int64_t deadline() const { return deadline_; }

 private:
  void check_open() const;
  long by_ring(const runtime::Transfer& wanted, std::size_t asked);
  bool wait(Direction direction, std::uint32_t seen);
  long ended(Direction direction, long result, std::size_t asked, std::uint32_t seen);

  const Socket& socket_;
  const char* const name_;
  runtime::FdSlot* slot_;
  std::int64_t deadline_ = weft::detail::kNever;
};

}  // namespace weft::net
