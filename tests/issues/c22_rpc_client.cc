// A client of the kind of gRPC's core: its own threads wait in epoll and on an eventfd, calls wait
// on condition variables, and a server thread answers; a hundred thousand calls.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

namespace {

struct Call {
  std::uint64_t request = 0;
  std::uint64_t answer = 0;
  bool done = false;
  std::mutex mutex;
  std::condition_variable changed;
};

struct Message {
  Call* call;
  std::uint64_t value;
};

// One connection: callers queue a call and wake the poller, which writes it and completes others.
class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {
    add(fd_);
    add(wake_);
    poller_ = std::thread([this] { poll_loop(); });
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    stop_ = true;
    CHECK(eventfd_write(wake_, 1) == 0);
    poller_.join();
    close(epoll_);
    close(wake_);
  }

  std::uint64_t ask(std::uint64_t request) {
    Call call;
    call.request = request;
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(&call);
    }
    CHECK(eventfd_write(wake_, 1) == 0);
    std::unique_lock lock(call.mutex);
    call.changed.wait(lock, [&] { return call.done; });
    return call.answer;
  }

 private:
  void add(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
  }

  void poll_loop() {
    epoll_event events[2];
    while (!stop_) {
      const int count = epoll_wait(epoll_, events, 2, -1);
      CHECK(count > 0);
      for (int i = 0; i < count; ++i) events[i].data.fd == wake_ ? send_queued() : complete();
    }
  }

  void send_queued() {
    eventfd_t ignored = 0;
    CHECK(eventfd_read(wake_, &ignored) == 0);
    std::deque<Call*> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(queue_);
    }
    for (Call* const call : calls) {
      const Message message{call, call->request};
      CHECK(write(fd_, &message, sizeof message) == sizeof message);
    }
  }

  void complete() const {
    Message messages[64];
    const ssize_t size = recv(fd_, messages, sizeof messages, 0);
    CHECK(size > 0 && size % static_cast<ssize_t>(sizeof(Message)) == 0);
    for (ssize_t i = 0; i < size / static_cast<ssize_t>(sizeof(Message)); ++i) {
      Call& call = *messages[i].call;
      const std::lock_guard lock(call.mutex);
      call.answer = messages[i].value;
      call.done = true;
      call.changed.notify_one();
    }
  }

  int fd_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::deque<Call*> queue_;
  std::thread poller_;
};

void serve(int fd) {
  Message message{};
  while (recv(fd, &message, sizeof message, MSG_WAITALL) == sizeof message) {
    message.value = message.value * 3 + 1;
    CHECK(write(fd, &message, sizeof message) == sizeof message);
  }
}

}  // namespace

int main() {
  constexpr int kChannels = 2;
  constexpr int kCallers = 50;
  constexpr int kCalls = 100'000 / kCallers;
  alarm(60);
  int ends[kChannels][2];
  std::vector<std::thread> servers;
  std::vector<std::unique_ptr<Channel>> channels;
  for (auto& pair : ends) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    servers.emplace_back(serve, pair[1]);
    channels.push_back(std::make_unique<Channel>(pair[0]));
  }
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i)
    callers.emplace_back([&channels, i] {
      for (int k = 0; k < kCalls; ++k) {
        const std::uint64_t request = static_cast<std::uint64_t>(i) * kCalls + k;
        CHECK(channels[i % kChannels]->ask(request) == request * 3 + 1);
      }
    });
  for (std::thread& caller : callers) caller.join();
  channels.clear();
  for (const auto& pair : ends) shutdown(pair[0], SHUT_WR);
  for (std::thread& server : servers) server.join();
  return 0;
}
