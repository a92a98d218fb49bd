#include "tests/load/load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace weft::load {
namespace {

// Fewer than any usual listen backlog (SOMAXCONN was 128 for long, memcached's default is 1024).
constexpr std::size_t kMaxConnecting = 100;
// Ephemeral ports per source address: Linux's default range has 28,232.
constexpr std::size_t kConnectionsPerAddress = 20'000;

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  return address;
}

// A non-blocking socket that is connecting, or -1 and errno.
int connect_to(std::uint16_t port, std::size_t number) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // Closed by a reset, a connection leaves no TIME_WAIT behind for the next run.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  const auto host = static_cast<std::uint32_t>(number / kConnectionsPerAddress);
  const sockaddr_in source = loopback(host, 0);
  const sockaddr_in target = loopback(0, port);
  // The port is chosen at connect: bind alone would refuse ports that are free for this target.
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if ((host != 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) ||
      (::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0 &&
       errno != EINPROGRESS)) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

timespec to_timespec(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  return {.tv_sec = seconds.count(), .tv_nsec = (duration - seconds).count()};
}

std::string explain(const Connection& connection) {
  const int error = connection.error();
  return error != 0 ? std::strerror(error) : "closed by the server";
}

}  // namespace

Load::Load(const Options& options) : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  connections_.reserve(options.connections);
}

Load::~Load() { ::close(epoll_); }

Report Load::run() {
  ramp();
  measure();
  if (options_.pid != 0) report_.server = read_process_status(options_.pid);
  return report_;
}

void Load::ramp() {
  now_ = last_progress_ = Clock::now();
  while ((connections_.size() < options_.connections || under_way_ > 0) && !lost_patience()) {
    while (connections_.size() < options_.connections && under_way_ < kMaxConnecting) open_one();
    poll(end_of_patience());
  }
}

void Load::measure() {
  phase_ = Phase::kMeasure;
  const auto cpu_before =
      options_.pid != 0 ? cpu_time_of(options_.pid) : std::chrono::nanoseconds(0);
  const auto begin = now_ = last_progress_ = Clock::now();
  end_ = begin + std::chrono::duration_cast<Clock::duration>(options_.duration);
  if (options_.rate > 0) {
    pace_ = std::make_unique<Pace>(begin, options_.rate, connections_.size());
  } else {
    for (std::size_t i = 0; i < connections_.size(); ++i) start_next(i);
  }
  while (now_ < end_ && (pace_ != nullptr || under_way_ > 0) && !lost_patience()) {
    poll(std::min({end_, start_due(), end_of_patience()}));
  }
  start_due();
  // Also the last requests are waited for and counted: a starved one shows in the maximum.
  while (under_way_ > 0 && !lost_patience()) poll(end_of_patience());
  report_.seconds = std::chrono::duration<double>(last_progress_ - begin).count();
  if (options_.pid != 0) report_.server_cpu = cpu_time_of(options_.pid) - cpu_before;
}

// Starts what is due on connections that are idle, and returns when to look again.
Clock::time_point Load::start_due() {
  if (pace_ == nullptr) return end_;
  now_ = Clock::now();
  while (pace_->turn_due() <= std::min(now_, end_)) {
    start_next(pace_->turn());
    pace_->end_turn();
  }
  return pace_->turn_due();
}

void Load::open_one() {
  const std::size_t index = connections_.size();
  const int fd = connect_to(options_.port, index);
  connections_.push_back(nullptr);
  watched_for_writing_.push_back(false);
  ++under_way_;
  if (fd < 0)
    return fail(index, Progress::kFailed, std::string("connect: ") + std::strerror(errno));
  connections_[index] = std::make_unique<Connection>(fd, index, options_.protocol, options_.size);
  watched_for_writing_[index] = true;
  epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u64 = index}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail(index, Progress::kFailed, std::string("epoll_ctl: ") + std::strerror(errno));
  }
  // A socket that is still connecting answers EAGAIN: the request goes out when it is writable.
  if (connections_[index]->start(now_) == Progress::kFailed) {
    fail(index, Progress::kFailed, "send: " + explain(*connections_[index]));
  }
}

void Load::poll(Clock::time_point until) {
  std::array<epoll_event, 512> events{};
  const timespec timeout = to_timespec(std::max(until - Clock::now(), Clock::duration::zero()));
  const int n =
      ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  now_ = Clock::now();
  for (int i = 0; i < n; ++i) serve(events[static_cast<std::size_t>(i)].data.u64);
}

void Load::serve(std::size_t index) {
  if (connections_[index] == nullptr) return;
  const Progress progress = connections_[index]->go_on();
  switch (progress) {
    case Progress::kWaiting:
      return watch(index);
    case Progress::kReplied:
      return replied(index);
    case Progress::kFailed:
      return fail(index, progress, explain(*connections_[index]));
    case Progress::kMismatch:
      return fail(index, progress, "wrong bytes in a reply");
  }
}

void Load::replied(std::size_t index) {
  --under_way_;
  last_progress_ = now_ = Clock::now();
  if (phase_ == Phase::kRamp) {
    ++report_.opened;
    return watch(index);
  }
  const auto latency = now_ - connections_[index]->due();
  report_.latency.record(static_cast<std::uint64_t>(std::chrono::nanoseconds(latency).count()));
  start_next(index);
}

// Starts the next request of a connection if it is time, and if it has its reply to the last one.
void Load::start_next(std::size_t index) {
  if (connections_[index] == nullptr || !connections_[index]->idle()) return;
  // Without a rate the clock is read here, not once per batch, or a batch's own length would count
  // as latency.
  const auto due = pace_ == nullptr ? Clock::now() : pace_->due(index);
  if (due >= end_ || (pace_ != nullptr && due > now_)) return;
  if (pace_ != nullptr) pace_->count(index);
  start(index, due);
}

void Load::start(std::size_t index, Clock::time_point due) {
  if (under_way_ == 0) last_progress_ = now_;  // until now there was nothing to lose patience with
  ++under_way_;
  if (connections_[index]->start(due) == Progress::kFailed) {
    return fail(index, Progress::kFailed, "send: " + explain(*connections_[index]));
  }
  watch(index);
}

void Load::fail(std::size_t index, Progress how, const std::string& why) {
  --under_way_;
  ++(how == Progress::kMismatch ? report_.mismatches : report_.errors);
  if (report_.first_problem.empty()) {
    report_.first_problem = "connection " + std::to_string(index) + ": " + why;
  }
  connections_[index].reset();
}

// Asks epoll for writability only while there is something left to send.
void Load::watch(std::size_t index) {
  const bool writing = connections_[index]->wants_to_write();
  if (writing == watched_for_writing_[index]) return;
  watched_for_writing_[index] = writing;
  epoll_event event{.events = EPOLLIN | (writing ? EPOLLOUT : 0U), .data = {.u64 = index}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connections_[index]->fd(), &event);
}

// Of what is under way; nothing is waited for without end.
Clock::time_point Load::end_of_patience() const {
  return (under_way_ > 0 ? last_progress_ : now_) + options_.patience;
}

bool Load::lost_patience() {
  if (now_ < end_of_patience()) return false;
  if (report_.first_problem.empty()) {
    report_.first_problem = std::to_string(under_way_) + " requests without a reply for " +
                            std::to_string(options_.patience.count()) + " s";
  }
  report_.errors += under_way_;
  under_way_ = 0;
  return true;
}

}  // namespace weft::load
