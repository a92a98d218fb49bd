// tests/bench/echo.h: what the echo servers of the peers share: a port, and a line that tells it.
//
// Layer:  tests. All of them serve until they are killed: they read up to 4096 bytes, write them
// back, and close when there are no more. weft's are samples/echo_server.cc and, for `weft run`,
// samples/echo_threads.c.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace bench {

constexpr std::size_t kBuffer = 4096;

/// A socket that listens on a free port of 127.0.0.1, whose number is printed.
inline int listen_on_free_port(int flags = 0) {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const int fd = ::socket(AF_INET, SOCK_STREAM | flags, 0);
  const int one = 1;  // connections inherit it
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(fd, 4096) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::perror("echo server");
    std::exit(1);
  }
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace bench
