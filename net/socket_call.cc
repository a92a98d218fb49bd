#include "net/socket_call.h"

#include <sys/socket.h>

#include "runtime/ring_call.h"

namespace weft::net {

SocketCall::SocketCall(const Socket& socket, const char* name) : socket_(socket), name_(name) {
  detail::take_turn();
  std::uint32_t seen = socket_.state_.load(std::memory_order_relaxed);
  do {
    if ((seen & Socket::kClosed) != 0) {
      throw_error(EBADF);
    }
  } while (!socket_.state_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                                 std::memory_order_relaxed));
  slot_ = runtime::fd_slot(socket_.fd_);
  const std::int64_t timeout = socket_.timeout_.load(std::memory_order_relaxed);
  if (timeout != detail::kNever) {
    deadline_ = detail::deadline_after(std::chrono::nanoseconds(timeout));
  }
}

SocketCall::~SocketCall() { socket_.leave(); }

void SocketCall::check_open() const {
  if ((socket_.state_.load(std::memory_order_acquire) & Socket::kClosed) != 0) {
    throw_error(EBADF);
  }
}

bool SocketCall::wait(Direction direction, std::uint32_t seen) {
  return detail::await_edge(fd(), *slot_, direction, seen, deadline_, name_);
}

// -EAGAIN: it has to be tried the other way.
long SocketCall::by_ring(const runtime::Transfer& wanted, std::size_t asked) {
  for (;;) {
    const std::uint32_t seen = slot_->edges(wanted.direction);
    const std::uint32_t generation = slot_->generation();
    check_open();
    const long result = detail::transfer(wanted, *slot_, generation, deadline_, name_);
    if (result == -EAGAIN) {
      return result;
    }
    if (result != -EINTR) {
      return ended(wanted.direction, result, asked, seen);
    }
  }
}

long SocketCall::transfer(runtime::Transfer wanted, std::size_t asked) {
  wanted.fd = fd();
  if (detail::has_ring()) {
    if (const long result = by_ring(wanted, asked); result != -EAGAIN) {
      return result;
    }
  }
  const long number = wanted.direction == Direction::kRead ? SYS_recvfrom : SYS_sendto;
  return run(wanted.direction, asked, [&](int fd) {
    return sys::call(number, fd, wanted.bytes, wanted.size, wanted.flags | MSG_DONTWAIT, nullptr,
                     nullptr);
  });
}

// There may be more, or the next waiter has to see the same error: it shall look.
long SocketCall::ended(Direction direction, long result, std::size_t asked, std::uint32_t seen) {
  const std::uint32_t state = socket_.state_.load(std::memory_order_relaxed);
  const bool may_drain = (state & (Socket::kTcp | Socket::kShared)) == Socket::kTcp;
  if (may_drain && result > 0 && static_cast<std::size_t>(result) < asked) {
    slot_->set_drained(seen);
  } else {
    slot_->pass_on(direction);
  }
  if (sys::failed(result)) {
    throw_error(static_cast<int>(-result));
  }
  return result;
}

}  // namespace weft::net
