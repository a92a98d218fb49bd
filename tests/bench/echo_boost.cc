// echo_boost.cc: an echo server on Boost.Fiber. That has no I/O: its scheduler is taught here to
// wait in epoll while no fiber is ready, as its documentation proposes.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/fiber/all.hpp>
#include <cerrno>
#include <chrono>
#include <vector>

#include "tests/bench/echo.h"

namespace {

namespace fibers = boost::fibers;

const int epoll = ::epoll_create1(0);

// Who waits for a descriptor, and whether something has come since it last looked.
struct Waiting {
  fibers::context* fiber = nullptr;
  bool is_ready = false;
};
std::vector<Waiting> waiting(100'000);  // by descriptor

class EpollScheduler : public fibers::algo::algorithm {
 public:
  void awakened(fibers::context* fiber) noexcept override { fiber->ready_link(ready_); }
  fibers::context* pick_next() noexcept override {
    if (ready_.empty()) {
      return nullptr;
    }
    fibers::context* const next = &ready_.front();
    ready_.pop_front();
    return next;
  }
  bool has_ready_fibers() const noexcept override { return !ready_.empty(); }
  void suspend_until(const std::chrono::steady_clock::time_point& until) noexcept override {
    const int count =
        ::epoll_wait(epoll, events_.data(), static_cast<int>(events_.size()), timeout(until));
    for (int i = 0; i < count; ++i) {
      Waiting& one =
          waiting[static_cast<std::size_t>(events_[static_cast<std::size_t>(i)].data.fd)];
      one.is_ready = true;
      if (one.fiber != nullptr) {
        fibers::context::active()->schedule(std::exchange(one.fiber, nullptr));
      }
    }
  }
  void notify() noexcept override {}

 private:
  static int timeout(const std::chrono::steady_clock::time_point& until) {
    using std::chrono::milliseconds;
    if (until == std::chrono::steady_clock::time_point::max()) {
      return -1;
    }
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    return static_cast<int>(std::max(left, milliseconds(0)).count());
  }

  fibers::scheduler::ready_queue_type ready_;
  std::array<epoll_event, 512> events_{};
};

void watch(int fd) {
  waiting[static_cast<std::size_t>(fd)] = {};
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.fd = fd}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Calls it until it does not say EAGAIN.
template <class Call>
auto when_ready(int fd, Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EAGAIN) {
      return result;
    }
    Waiting& self = waiting[static_cast<std::size_t>(fd)];
    if (!self.is_ready) {
      self.fiber = fibers::context::active();
      self.fiber->suspend();
    }
    self.is_ready = false;
  }
}

void serve(int fd) {
  std::array<char, bench::kBuffer> buffer;
  for (;;) {
    const ssize_t got = when_ready(fd, [&] { return ::read(fd, buffer.data(), buffer.size()); });
    if (got <= 0 || when_ready(fd, [&] {
                      return ::write(fd, buffer.data(), static_cast<std::size_t>(got));
                    }) != got) {
      break;
    }
  }
  ::close(fd);
}

}  // namespace

int main() {
  const int listener = bench::listen_on_free_port(SOCK_NONBLOCK);
  fibers::use_scheduling_algorithm<EpollScheduler>();
  watch(listener);
  for (;;) {
    const int fd =
        when_ready(listener, [&] { return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); });
    if (fd >= 0) {
      watch(fd);
      fibers::fiber(serve, fd).detach();
    }
  }
}
