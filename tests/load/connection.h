// tests/load/connection.h: one connection of the load generator, one exchange at a time.
//
// Layer:  tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tests/load/exchange.h"

namespace weft::load {

using Clock = std::chrono::steady_clock;

/// What a connection found when it was asked to go on.
enum class Progress {
  kWaiting,   ///< the reply is not complete yet
  kReplied,   ///< the whole reply has come and is right
  kFailed,    ///< the connection broke or the peer closed it
  kMismatch,  ///< a byte differs from what must come back, or there is one too many
};

/// Sends requests on a non-blocking socket, and compares every byte of the replies.
///
/// Invariants:
///   1. At most one exchange is under way, so a byte after its reply is a mismatch.
///   2. After kFailed or kMismatch the connection is not used again.
/// Threads:  one.
class Connection {
 public:
  /// Takes over `fd`, which must be non-blocking (it may still be connecting).
  Connection(int fd, std::uint64_t number, Protocol protocol, std::size_t size);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins the next exchange and sends what the socket takes.
  /// `due` is only remembered.
  [[nodiscard]] Progress start(Clock::time_point due);

  /// Sends and receives what is possible; call it when epoll reports the socket.
  [[nodiscard]] Progress go_on();

  [[nodiscard]] int fd() const { return fd_; }
  /// After kFailed: the errno of the call that failed, or 0 if the peer closed the connection.
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] bool wants_to_write() const { return sent_ < exchange_.request.size(); }
  /// Whether the last reply has come as a whole.
  [[nodiscard]] bool idle() const {
    return !wants_to_write() && received_ == exchange_.reply.size();
  }
  [[nodiscard]] Clock::time_point due() const { return due_; }

 private:
  [[nodiscard]] Progress send_rest();
  [[nodiscard]] Progress receive();

  const int fd_;
  const std::uint64_t number_;
  const Protocol protocol_;
  const std::size_t size_;

  Exchange exchange_;
  std::uint64_t sequence_ = 0;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  int error_ = 0;
  Clock::time_point due_;
};

}  // namespace weft::load
