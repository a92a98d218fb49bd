#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <weft/net/socket.h>
#include <weft/sleep.h>

#include <algorithm>
#include <utility>

#include "net/socket_call.h"
#include "runtime/socket_kind.h"

namespace weft::net {
namespace {

int checked(long result, const char* call) {
  if (sys::failed(result)) {
    detail::throw_errno(static_cast<int>(-result), call);
  }
  return static_cast<int>(result);
}

// By getsockname(2) or getpeername(2).
Address address_by(long number, const Socket& socket, const char* name) {
  SocketCall call(socket, name);
  sockaddr_storage storage = {};
  socklen_t size = sizeof storage;
  call.simply(number, &storage, &size);
  return {reinterpret_cast<sockaddr*>(&storage), size};
}

}  // namespace

// ---- Life

Socket::Socket(int family, int type, int protocol)
    : Socket(
          New{checked(sys::call(SYS_socket, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
                      "weft::net::Socket"),
              runtime::is_tcp(family, type, protocol)}) {}

Socket::Socket(const New& created) { adopt(created.fd, created.is_tcp ? kTcp : 0); }

Socket Socket::from_fd(int fd) {
  constexpr const char* kCall = "weft::net::Socket::from_fd";
  int type = 0;
  socklen_t size = sizeof type;
  checked(sys::call(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size), kCall);
  const int flags = checked(sys::call(SYS_fcntl, fd, F_GETFL), kCall);
  checked(sys::call(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK), kCall);
  Socket socket;
  socket.adopt(fd, kShared);
  return socket;
}

void Socket::adopt(int fd, std::uint32_t flags) {
  if (detail::adopt_fd(fd) == nullptr) {
    sys::call(SYS_close, fd);
    detail::throw_errno(ENOMEM, "weft::net::Socket");
  }
  fd_ = fd;
  state_.store(flags, std::memory_order_release);
}

Socket::Socket(Socket&& other) noexcept { take(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    take(other);
  }
  return *this;
}

void Socket::take(Socket& other) noexcept {
  fd_ = std::exchange(other.fd_, -1);
  timeout_.store(other.timeout_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  state_.store(other.state_.exchange(kClosed));
}

bool Socket::is_open() const noexcept {
  return (state_.load(std::memory_order_acquire) & kClosed) == 0;
}

// Whoever closes it wakes those that wait, and the last to leave gives back the number. It counts
// as a call meanwhile: else what it forgets could be another's by then.
bool Socket::close_with(std::uint32_t flags) noexcept {
  std::uint32_t before = state_.load(std::memory_order_relaxed);
  do {
    if ((before & kClosed) != 0) {
      return false;
    }
  } while (!state_.compare_exchange_weak(before, (before | flags) + 1, std::memory_order_acq_rel,
                                         std::memory_order_relaxed));
  if ((before & kUsers) != 0) {
    detail::forget_fd(fd_, (before & kShared) != 0 || (flags & kReleased) != 0);
  }
  leave();
  return true;
}

void Socket::leave() const noexcept {
  const std::uint32_t before = state_.fetch_sub(1, std::memory_order_acq_rel);
  if ((before & kClosed) != 0 && (before & kUsers) == 1) {
    end(before);
  }
}

void Socket::end(std::uint32_t state) const noexcept {
  const bool is_released = (state & kReleased) != 0;
  detail::forget_fd(fd_, is_released || (state & kShared) != 0);
  if (!is_released) {
    sys::call(SYS_close, fd_);
  }
}

void Socket::close() noexcept { close_with(kClosed); }

int Socket::release() { return close_with(kClosed | kReleased) ? fd_ : -1; }

Socket Socket::dup() const {
  SocketCall call(*this, "weft::net::Socket::dup");
  const long fd = call.simply(SYS_fcntl, F_DUPFD_CLOEXEC, 0);
  state_.fetch_or(kShared, std::memory_order_relaxed);
  call.slot().forbid_shortcut();
  Socket copy;
  copy.adopt(static_cast<int>(fd), kShared);
  return copy;
}

static_assert(static_cast<int>(Half::kRead) == SHUT_RD &&
              static_cast<int>(Half::kWrite) == SHUT_WR &&
              static_cast<int>(Half::kBoth) == SHUT_RDWR);

// poll(2) does not speak of all of those that it ends.
void Socket::shutdown(Half half) {
  SocketCall call(*this, "weft::net::Socket::shutdown");
  call.simply(SYS_shutdown, static_cast<int>(half));
  call.slot().on_event(EPOLLHUP);
}

// ---- Addresses and options

Address Socket::local_address() const {
  return address_by(SYS_getsockname, *this, "weft::net::Socket::local_address");
}

Address Socket::remote_address() const {
  return address_by(SYS_getpeername, *this, "weft::net::Socket::remote_address");
}

std::optional<std::chrono::nanoseconds> Socket::timeout() const {
  const std::int64_t timeout = timeout_.load(std::memory_order_relaxed);
  if (timeout == detail::kNever) {
    return std::nullopt;
  }
  return std::chrono::nanoseconds(timeout);
}

void Socket::set_option(int level, int name, int value) {
  SocketCall call(*this, "weft::net::Socket::set_option");
  if (runtime::shortens_reads(level, name)) {
    call.slot().forbid_shortcut();  // a short read no longer means that nothing is left
  }
  call.simply(SYS_setsockopt, level, name, &value, sizeof value);
}

int Socket::option(int level, int name) const {
  SocketCall call(*this, "weft::net::Socket::option");
  int value = 0;
  socklen_t size = sizeof value;
  call.simply(SYS_getsockopt, level, name, &value, &size);
  return value;
}

void Socket::set_keepalive(bool on) { set_option(SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0); }
void Socket::set_reuse_address(bool on) { set_option(SOL_SOCKET, SO_REUSEADDR, on ? 1 : 0); }
void Socket::set_reuse_port(bool on) { set_option(SOL_SOCKET, SO_REUSEPORT, on ? 1 : 0); }

void Socket::bind(const Address& address) {
  SocketCall(*this, "weft::net::Socket::bind").simply(SYS_bind, address.data(), address.size());
}

// ---- Connections

// Asked again, connect(2) says what has become of it. Nothing announces that the backlog of a unix
// socket has room again: that is asked for at growing intervals.
void Socket::connect(const Address& address) {
  SocketCall call(*this, "weft::net::Socket::connect");
  constexpr std::chrono::microseconds kLongest(10'000);
  for (std::chrono::microseconds pause(100);; pause = std::min(pause * 2, kLongest)) {
    bool is_full = false;
    call.run(Direction::kWrite, 0, [&](int fd) -> long {
      const long result = sys::call(SYS_connect, fd, address.data(), address.size());
      is_full = result == -EAGAIN;
      if (result == -EINPROGRESS || result == -EALREADY) {
        return -EAGAIN;
      }
      return is_full ? 0 : result;
    });
    if (!is_full) {
      return;
    }
    const std::int64_t until = std::min(call.deadline(), detail::deadline_after(pause));
    detail::sleep_until(until);
    if (until == call.deadline()) {
      call.throw_error(ETIMEDOUT);
    }
  }
}

Socket::New Socket::accept_one(Address* peer) {
  SocketCall call(*this, "weft::net::accept");
  sockaddr_storage storage = {};
  socklen_t size = 0;
  const bool is_asked = peer != nullptr;
  const long fd = call.run(Direction::kRead, 0, [&](int listener) {
    size = sizeof storage;
    const long accepted = sys::call(SYS_accept4, listener, is_asked ? &storage : nullptr,
                                    is_asked ? &size : nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return accepted == -ECONNABORTED ? -EINTR : accepted;  // gone already: the next one
  });
  if (peer != nullptr) {
    *peer = Address(reinterpret_cast<sockaddr*>(&storage), size);
  }
  return {static_cast<int>(fd), (state_.load(std::memory_order_relaxed) & kTcp) != 0};
}

}  // namespace weft::net
