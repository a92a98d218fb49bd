// weft/net/socket.h: a descriptor of a socket, and what all sockets have in common.
//
// Layer:  net, public.      See also: weft/net/tcp.h, udp.h, unix_socket.h; net/DESIGN.md
// ("Sockets").
#pragma once
#include <weft/detail/time.h>
#include <weft/net/address.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace weft::net {

/// Which half of a connection ends.
enum class Half : std::uint8_t {
  kRead,   ///< Reads find the end.
  kWrite,  ///< The peer's reads find the end; writes fail with EPIPE.
  kBoth,   ///< Both.
};

/// Owns a socket. Calls that would block park the calling fiber; a first try is made without any
/// waiting, and costs what the system call costs.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors:   std::system_error with the errno and the call: EBADF for a socket that is not open,
///           ETIMEDOUT when set_timeout() is up, ECANCELED after cancel_wait(fileno()). EPIPE comes
///           without SIGPIPE. Waits throw what calls off the fiber's waits, too.
/// Threads:  fibers of all schedulers and kernel threads without fibers, several at a time: also
///           several readers, or several writers. Moving and destroying it: one, without others.
/// Promise:  close() by one fiber ends the waits of all others with EBADF, and the number is given
///           back when the last call has left it: nobody reads from another's socket.
/// Source:   gevent.socket.socket.
///
///     weft::net::Socket socket = weft::net::Socket::from_fd(fd);
class Socket {
 public:
  /// Not open.
  Socket() = default;
  /// A new one, as of socket(2).
  Socket(int family, int type, int protocol = 0);
  /// Takes over a descriptor, which is non-blocking from then on (O_NONBLOCK is of the description:
  /// whoever shares it sees that, too). Throws ENOTSOCK for another kind of file, and takes
  /// nothing.
  static Socket from_fd(int fd);
  /// Takes over the other's; it is not open then.
  Socket(Socket&& other) noexcept;
  /// The same, after closing its own.
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  /// close().
  ~Socket() { close(); }

  /// Whether there is a descriptor.
  [[nodiscard]] bool is_open() const noexcept;
  /// The descriptor, which stays the socket's; -1 if it is not open.
  [[nodiscard]] int fileno() const noexcept { return is_open() ? fd_ : -1; }
  /// Gives up the descriptor without closing it: it is the caller's, and non-blocking. Who waits
  /// for it fails with EBADF. socket.detach().
  [[nodiscard]] int release();
  /// Another descriptor for the same socket.
  [[nodiscard]] Socket dup() const;
  /// Closes it; nothing if it is not open. Does not wait.
  void close() noexcept;
  /// Ends one half or both. Who waits for that half, here or at the other end, goes on.
  void shutdown(Half half);

  /// Where it is bound to.
  [[nodiscard]] Address local_address() const;
  /// Whom it is connected with. Throws ENOTCONN if with nobody.
  [[nodiscard]] Address remote_address() const;

  /// No wait in one of its calls lasts longer from now on: they throw ETIMEDOUT.
  ///
  ///     socket.set_timeout(30s);
  template <class Rep, class Period>
  void set_timeout(const std::chrono::duration<Rep, Period>& timeout) {
    timeout_.store(detail::saturated(timeout).count(), std::memory_order_relaxed);
  }
  /// They wait for ever, as at first.
  void clear_timeout() { timeout_.store(detail::kNever, std::memory_order_relaxed); }
  /// What was set.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() const;

  /// setsockopt(2) with an int.
  void set_option(int level, int name, int value);
  /// getsockopt(2) of an int.
  [[nodiscard]] int option(int level, int name) const;
  /// SO_KEEPALIVE: whether a dead peer is noticed while nothing is sent.
  void set_keepalive(bool on);
  /// SO_REUSEADDR: whether an address can be bound that old connections still have.
  void set_reuse_address(bool on);
  /// SO_REUSEPORT: whether several sockets can be bound to one address, and share its load.
  void set_reuse_port(bool on);

  /// bind(2).
  void bind(const Address& address);
  /// connect(2), and waits until it has ended. A full backlog of a unix socket is waited for, too.
  void connect(const Address& address);

 protected:
  /// A number that the kernel has just handed out, non-blocking.
  struct New {
    int fd;       ///< The number.
    bool is_tcp;  ///< A connection of TCP, or who accepts such.
  };
  /// Takes it over.
  explicit Socket(const New& created);
  /// Takes the next connection, waiting for one; its peer's address if wanted.
  New accept_one(Address* peer);

 private:
  friend class SocketCall;
  static constexpr std::uint32_t kClosed = 1U << 31;
  static constexpr std::uint32_t kShared = 1U << 30;  // its description may have other numbers
  static constexpr std::uint32_t kTcp = 1U << 29;
  static constexpr std::uint32_t kReleased = 1U << 28;    // closed, but the descriptor lives on
  static constexpr std::uint32_t kUsers = kReleased - 1;  // calls under way
  void adopt(int fd, std::uint32_t flags);
  void take(Socket& other) noexcept;
  bool close_with(std::uint32_t flags) noexcept;
  void leave() const noexcept;
  void end(std::uint32_t state) const noexcept;

  mutable std::atomic<std::uint32_t> state_{kClosed};
  int fd_ = -1;
  std::atomic<std::int64_t> timeout_{detail::kNever};
};

}  // namespace weft::net
