// socket_kind.h: which sockets may take the shortcut of short reads, and what ends that.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("Readiness").
#pragma once
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace weft::runtime {

/// A socket's type without SOCK_NONBLOCK and SOCK_CLOEXEC.
constexpr int plain_type(int type) { return type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC); }

/// Whether a read that took less than it asked for has found all there was. Of other streams of the
/// same type (SCTP, MPTCP) nothing is known.
constexpr bool is_tcp(int family, int type, int protocol) {
  return (family == AF_INET || family == AF_INET6) && plain_type(type) == SOCK_STREAM &&
         (protocol == 0 || protocol == IPPROTO_TCP);
}

/// Whether that holds no longer with this option set.
constexpr bool shortens_reads(int level, int option) {
  return (level == SOL_SOCKET && option == SO_RCVLOWAT) ||
         (level == IPPROTO_TCP && option == TCP_ULP);
}

}  // namespace weft::runtime
