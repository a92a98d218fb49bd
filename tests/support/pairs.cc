#include "tests/support/pairs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/time.h>
#include <termios.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace weft::test {
namespace {

// Preparing a test must not depend on what is tested, nor leave O_NONBLOCK behind.
template <class Step>
std::size_t without_blocking(int fd, const Step& step) {
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  std::size_t total = 0;
  for (ssize_t n = step(); n > 0; n = step()) {
    total += static_cast<std::size_t>(n);
  }
  fcntl(fd, F_SETFL, flags);
  return total;
}

sockaddr_in name_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(getsockname(fd, general(address), &size), 0);
  return address;
}

Fd bound_udp_socket() {
  Fd fd(socket(AF_INET, SOCK_DGRAM, 0));
  const sockaddr_in any = loopback();
  EXPECT_EQ(bind(fd, general(any), sizeof any), 0);
  return fd;
}

}  // namespace

void Pair::feed(std::string_view text) const {
  EXPECT_EQ(write(far, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

Pair make_pipe(int flags) {
  std::array<int, 2> fds{};
  EXPECT_EQ(pipe2(fds.data(), flags), 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

Pair make_socket_pair(int type) {
  std::array<int, 2> fds{};
  EXPECT_EQ(socketpair(AF_UNIX, type, 0, fds.data()), 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

Pair make_tcp_pair() {
  const Listener listener;
  Fd far = listener.connect();
  return {Fd(accept(listener.fd(), nullptr, nullptr)), std::move(far)};
}

Pair make_udp_pair() {
  Pair pair{bound_udp_socket(), bound_udp_socket()};
  const sockaddr_in near = name_of(pair.near);
  const sockaddr_in far = name_of(pair.far);
  EXPECT_EQ(connect(pair.near, general(far), sizeof far), 0);
  EXPECT_EQ(connect(pair.far, general(near), sizeof near), 0);
  return pair;
}

Pair make_pty_pair() {
  int master = -1;
  int terminal = -1;
  termios raw{};
  cfmakeraw(&raw);
  raw.c_cc[VMIN] = 1;
  EXPECT_EQ(openpty(&master, &terminal, nullptr, &raw, nullptr), 0);
  return {Fd(terminal), Fd(master)};
}

Listener::Listener(int backlog, int type_flags)
    : fd_(socket(AF_INET, SOCK_STREAM | type_flags, 0)), address_(loopback()) {
  EXPECT_EQ(bind(fd_, general(address_), sizeof address_), 0);
  EXPECT_EQ(listen(fd_, backlog), 0);
  address_ = name_of(fd_);
}

Fd Listener::connect() const {
  Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(::connect(fd, general(address_), sizeof address_), 0);
  return fd;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(port));
  return address;
}

std::string read_some(int fd, std::size_t most) {
  std::string text(most, '\0');
  const ssize_t n = read(fd, text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

std::size_t fill(int fd) {
  const std::array<char, 4096> block{};
  return without_blocking(fd, [&] { return write(fd, block.data(), block.size()); });
}

std::size_t drain(int fd) {
  std::array<char, 65536> block{};
  return without_blocking(fd, [&] { return read(fd, block.data(), block.size()); });
}

void take(int fd, std::size_t bytes) {
  std::array<char, 65536> block{};
  for (std::size_t taken = 0; taken < bytes;) {
    const ssize_t n = read(fd, block.data(), std::min(block.size(), bytes - taken));
    ASSERT_GT(n, 0);
    taken += static_cast<std::size_t>(n);
  }
}

void set_timeout(int fd, int option, int milliseconds) {
  const timeval timeout{.tv_sec = milliseconds / 1000, .tv_usec = (milliseconds % 1000) * 1000L};
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof timeout), 0);
}

}  // namespace weft::test
