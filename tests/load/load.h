// tests/load/load.h: many connections that ask again and again: each as soon as it is answered, or
// all of them together at a given rate.
//
// Layer:  tests. An epoll loop of its own, not linked to weft: what measures weft must not run on
// it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/load/connection.h"
#include "tests/load/exchange.h"
#include "tests/load/histogram.h"
#include "tests/load/pace.h"
#include "tests/load/process_status.h"

namespace weft::load {

struct Options {
  std::uint16_t port = 0;
  std::size_t connections = 1;
  std::chrono::duration<double> duration{1};
  /// Requests per second over all connections, evenly spaced; 0: as many as are answered.
  double rate = 0;
  std::size_t size = 64;
  Protocol protocol = Protocol::kEcho;
  pid_t pid = 0;  ///< of the server, to read its status; 0: none
  /// Nothing at all arriving for so long counts as an error of every connection that waits.
  std::chrono::seconds patience{15};
};

struct Report {
  std::size_t opened = 0;  ///< connections that got their first right reply
  std::uint64_t errors = 0;
  std::uint64_t mismatches = 0;
  double seconds = 0;
  Histogram latency;  ///< nanoseconds; total() is the number of requests
  ProcessStatus server;
  std::chrono::nanoseconds server_cpu{0};  ///< CPU time that it took in these seconds
  std::string first_problem;               ///< empty if there was none

  [[nodiscard]] bool good() const { return errors == 0 && mismatches == 0; }
};

/// Opens the connections, keeps them busy, checks every reply.
///
/// A connection counts as open when its first reply, which is checked but not timed, has come: so
/// the server has accepted it, and its listen backlog is never longer than what we have under way.
/// With a rate, latency counts from the moment at which the request was due, also if its connection
/// still waited for an earlier reply then: a server that stalls is not asked less for it, which
/// would hide the stall ("coordinated omission").
/// Threads:  one.
class Load {
 public:
  explicit Load(const Options& options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  [[nodiscard]] Report run();

 private:
  enum class Phase { kRamp, kMeasure };

  void ramp();
  void measure();
  Clock::time_point start_due();
  void open_one();
  void poll(Clock::time_point until);
  void serve(std::size_t index);
  void replied(std::size_t index);
  void start(std::size_t index, Clock::time_point due);
  void start_next(std::size_t index);
  void fail(std::size_t index, Progress how, const std::string& why);
  void watch(std::size_t index);
  [[nodiscard]] Clock::time_point end_of_patience() const;
  [[nodiscard]] bool lost_patience();

  const Options options_;
  const int epoll_;
  Phase phase_ = Phase::kRamp;
  std::unique_ptr<Pace> pace_;                            // null: without a rate, and in the ramp
  Clock::time_point end_;                                 // of what is started
  std::vector<std::unique_ptr<Connection>> connections_;  // null: broken
  std::vector<bool> watched_for_writing_;
  std::size_t under_way_ = 0;  // exchanges that wait for their reply
  Clock::time_point now_;
  Clock::time_point last_progress_;
  Report report_;
};

}  // namespace weft::load
