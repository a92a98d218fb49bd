#include "tests/load/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weft::load {

Connection::Connection(int fd, std::uint64_t number, Protocol protocol, std::size_t size)
    : fd_(fd), number_(number), protocol_(protocol), size_(size) {}

Connection::~Connection() { ::close(fd_); }

Progress Connection::start(Clock::time_point due) {
  exchange_ = make_exchange(protocol_, number_, sequence_++, size_);
  sent_ = 0;
  received_ = 0;
  due_ = due;
  return send_rest();
}

Progress Connection::go_on() {
  // Both directions each time: an echo server stops reading while we do not take its replies.
  if (wants_to_write() && send_rest() == Progress::kFailed) return Progress::kFailed;
  return receive();
}

Progress Connection::send_rest() {
  while (wants_to_write()) {
    const ssize_t n = ::send(fd_, exchange_.request.data() + sent_,
                             exchange_.request.size() - sent_, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      error_ = errno;
      return Progress::kFailed;
    }
  }
  return Progress::kWaiting;
}

Progress Connection::receive() {
  std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  for (;;) {
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return Progress::kWaiting;
    if (n <= 0) {
      error_ = n < 0 ? errno : 0;
      return Progress::kFailed;
    }
    const auto count = static_cast<std::size_t>(n);
    if (count > exchange_.reply.size() - received_ ||
        std::memcmp(buffer.data(), exchange_.reply.data() + received_, count) != 0) {
      return Progress::kMismatch;
    }
    received_ += count;
    if (received_ == exchange_.reply.size() && !wants_to_write()) return Progress::kReplied;
    if (count < buffer.size()) return Progress::kWaiting;  // drained; epoll is level-triggered
  }
}

}  // namespace weft::load
