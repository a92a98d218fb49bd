// tests/support/pairs.h: connected descriptors of every kind that a thread can block on.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "tests/support/fd.h"

namespace weft::test {

/// Two connected ends: what is written to `far` is read from `near`.
/// Both directions work, except through a pipe.
struct Pair {
  Fd near;
  Fd far;

  /// Writes all of `text` into the far end; a failure fails the test.
  void feed(std::string_view text) const;
};

Pair make_pipe(int flags = 0);
Pair make_socket_pair(int type = SOCK_STREAM);  // AF_UNIX
Pair make_tcp_pair();                           // loopback, any port
Pair make_udp_pair();                           // loopback, connected to each other
Pair make_pty_pair();                           // raw mode; near is the terminal, far its master

inline Pair make_unix_stream() { return make_socket_pair(SOCK_STREAM); }
inline Pair make_unix_datagram() { return make_socket_pair(SOCK_DGRAM); }
inline Pair make_unix_packet() { return make_socket_pair(SOCK_SEQPACKET); }
inline Pair make_plain_pipe() { return make_pipe(); }

/// A listening TCP socket on a free loopback port.
class Listener {
 public:
  explicit Listener(int backlog = 128, int type_flags = 0);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const sockaddr_in& address() const { return address_; }

  /// A blocking socket connected to this listener.
  [[nodiscard]] Fd connect() const;

 private:
  Fd fd_;
  sockaddr_in address_{};
};

/// 127.0.0.1 and `port`, as connect(2) wants it.
sockaddr_in loopback(int port = 0);

/// The address as the general type that the socket calls take.
inline sockaddr* general(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }
inline const sockaddr* general(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Reads once into a string of at most `most` bytes; empty at end of file or on failure.
std::string read_some(int fd, std::size_t most = 4096);

/// Writes without blocking until the kernel takes no more; returns the bytes taken.
std::size_t fill(int fd);

/// Reads without blocking until nothing is left; returns the bytes read.
std::size_t drain(int fd);

/// Reads until `bytes` have come, however they are divided; what is written meanwhile stays.
void take(int fd, std::size_t bytes);

/// Sets SO_RCVTIMEO or SO_SNDTIMEO.
void set_timeout(int fd, int option, int milliseconds);

}  // namespace weft::test
