// echo_epoll.cc: an echo server as a loop over edge-triggered epoll, by hand: the limit.
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tests/bench/echo.h"

namespace {

void watch(int epoll, int fd) {
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.fd = fd}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void accept_all(int epoll, int listener) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) {
      return;
    }
    watch(epoll, fd);
  }
}

// A message that fills less than the buffer was all that there was: the next one brings an event.
void serve(int fd) {
  std::array<char, bench::kBuffer> buffer;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EAGAIN) {
      return;
    }
    if (got <= 0 || ::write(fd, buffer.data(), static_cast<std::size_t>(got)) != got) {
      ::close(fd);
      return;
    }
    if (static_cast<std::size_t>(got) < buffer.size()) {
      return;
    }
  }
}

}  // namespace

int main() {
  const int listener = bench::listen_on_free_port(SOCK_NONBLOCK);
  const int epoll = ::epoll_create1(0);
  watch(epoll, listener);
  std::array<epoll_event, 512> events{};
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        accept_all(epoll, listener);
      } else {
        serve(fd);
      }
    }
  }
}
