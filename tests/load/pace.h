// tests/load/pace.h: when each request of a load at a given rate is due.
//
// Layer:  tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/load/connection.h"

namespace weft::load {

/// Requests at even distances, one connection after the other, whatever becomes of the replies.
///
/// Threads:  one.
class Pace {
 public:
  Pace(Clock::time_point begin, double rate, std::size_t connections)
      : begin_(begin), interval_(1 / rate), started_(connections) {}

  /// When the next request of `connection` is due.
  [[nodiscard]] Clock::time_point due(std::size_t connection) const {
    return at(started_[connection] * started_.size() + connection);
  }
  /// That request was started: the one after it is next.
  void count(std::size_t connection) { ++started_[connection]; }

  /// Whose turn it is at turn_due(). It may have to wait for a reply and start its request later.
  [[nodiscard]] std::size_t turn() const { return turns_ % started_.size(); }
  [[nodiscard]] Clock::time_point turn_due() const { return at(turns_); }
  void end_turn() { ++turns_; }

 private:
  // From the begin each time: a sum of rounded intervals would drift.
  [[nodiscard]] Clock::time_point at(std::uint64_t request) const {
    return begin_ +
           std::chrono::duration_cast<Clock::duration>(static_cast<double>(request) * interval_);
  }

  const Clock::time_point begin_;
  const std::chrono::duration<double> interval_;
  std::vector<std::uint64_t> started_;  // requests of each connection
  std::uint64_t turns_ = 0;
};

}  // namespace weft::load
