// echo_st.cc: an echo server on State Threads.
#include <st.h>

#include <array>

#include "tests/bench/echo.h"

namespace {

void* serve(void* argument) {
  auto* const peer = static_cast<st_netfd_t>(argument);
  std::array<char, bench::kBuffer> buffer;
  for (;;) {
    const ssize_t got = st_read(peer, buffer.data(), buffer.size(), ST_UTIME_NO_TIMEOUT);
    if (got <= 0 ||
        st_write(peer, buffer.data(), static_cast<std::size_t>(got), ST_UTIME_NO_TIMEOUT) != got) {
      break;
    }
  }
  st_netfd_close(peer);
  return nullptr;
}

}  // namespace

int main() {
  const int fd = bench::listen_on_free_port();
  st_set_eventsys(ST_EVENTSYS_ALT);  // epoll
  st_init();
  auto* const listener = st_netfd_open_socket(fd);
  for (;;) {
    auto* const peer = st_accept(listener, nullptr, nullptr, ST_UTIME_NO_TIMEOUT);
    if (peer != nullptr) {
      st_thread_create(serve, peer, 0, 0);
    }
  }
}
