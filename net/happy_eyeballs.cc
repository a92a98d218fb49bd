#include "net/happy_eyeballs.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/fd_call.h"
#include "runtime/sys.h"
#include "runtime/wait_fd.h"

namespace weft::net {

namespace sys = runtime::sys;
using runtime::Deadline;
using runtime::Direction;

// ---- Untried

void Untried::add(const std::vector<Address>& addresses) {
  for (const Address& address : addresses) {
    const bool is_six = address.family() == AF_INET6;
    (is_six ? six_ : others_).push_back(address);
    six_is_next_ = six_is_next_.value_or(is_six);
  }
}

Address Untried::take() {
  const bool takes_six = others_.empty() || (*six_is_next_ && !six_.empty());
  std::deque<Address>& from = takes_six ? six_ : others_;
  Address address = from.front();
  from.pop_front();
  six_is_next_ = !takes_six;
  return address;
}

// ---- Lookups

Lookups::Lookups(const LookUp& look_up, int family, std::chrono::nanoseconds resolution_delay)
    : shared_(std::make_shared<Shared>()), resolution_delay_(resolution_delay) {
  shared_->look_up = look_up;
  const auto start = [&](Family& of, int number) {
    if (family != AF_UNSPEC && family != number) {
      of.is_over = true;
      return;
    }
    fibers_.push_back(
        spawn({.name = "resolve"}, [shared = shared_, &of, number] { run(*shared, of, number); }));
  };
  start(shared_->six, AF_INET6);
  start(shared_->four, AF_INET);
}

Lookups::~Lookups() {
  for (const AnyFiber& fiber : fibers_) {
    fiber.kill_soon();
  }
}

void Lookups::run(Shared& shared, Family& family, int number) {
  try {
    family.found = shared.look_up(number);
  } catch (const std::exception&) {
    family.error = std::current_exception();
  }
  family.is_over.store(true, std::memory_order_release);
  runtime::unpark(shared.waiter);
}

void Lookups::collect(Untried& untried) {
  if (!six_is_over_ && shared_->six.is_over.load(std::memory_order_acquire)) {
    six_is_over_ = true;
    untried.add(shared_->six.found);
  }
  if (!four_is_over_ && shared_->four.is_over.load(std::memory_order_acquire)) {
    four_is_over_ = true;
    four_may_begin_ = Deadline::after(resolution_delay_);
    untried.add(shared_->four.found);
  }
}

// Of two reasons that of IPv4 says more: most names have no address of IPv6.
void Lookups::rethrow_failure() const {
  if (shared_->six.found.empty() && shared_->four.found.empty()) {
    for (const std::exception_ptr& error : {shared_->four.error, shared_->six.error}) {
      if (error != nullptr) {
        std::rethrow_exception(error);
      }
    }
  }
}

// ---- Race

Race::Race(const ConnectOptions& options, Lookups* lookups)
    : options_(options),
      lookups_(lookups),
      deadline_(options.timeout ? Deadline::after(*options.timeout) : Deadline::never()) {
  if (lookups != nullptr) {
    untried_.prefer_six();  // whichever is known first
  }
}

TcpStream Race::run() {
  for (;;) {
    if (lookups_ != nullptr) {
      lookups_->collect(untried_);
    }
    std::optional<TcpStream> winner = look();
    if (winner) {
      return std::move(*winner);
    }
    if (deadline_.passed()) {
      give_up(ETIMEDOUT);
    }
    if (!may_begin()) {
      give_up_if_over();
      wait();
    } else if ((winner = begin(untried_.take()))) {
      return std::move(*winner);
    }
  }
}

void Race::give_up_if_over() {
  const bool may_come = lookups_ != nullptr && !lookups_->are_over();
  if (!attempts_.empty() || !untried_.empty() || may_come) {
    return;
  }
  if (lookups_ != nullptr) {
    lookups_->rethrow_failure();
  }
  give_up(failures_.empty() ? EDESTADDRREQ : failures_.back().error.value());
}

bool Race::may_begin() const {
  return !untried_.empty() && attempts_.size() < kMostAttempts &&
         (attempts_.empty() || next_.passed()) &&
         (lookups_ == nullptr || lookups_->may_begin().passed());
}

std::optional<TcpStream> Race::begin(const Address& address) {
  next_ = Deadline::at(0);
  Attempt attempt;
  attempt.address = address;
  try {
    attempt.stream = TcpStream(Socket(address.family(), SOCK_STREAM));
    if (options_.source.family() != AF_UNSPEC) {
      attempt.stream.bind(options_.source);
    }
  } catch (const std::system_error& error) {
    fail(address, error.code().value());
    return std::nullopt;
  }
  bool is_over = false;
  auto winner = ask(attempt, &is_over);
  if (!is_over) {
    attempts_.push_back(std::move(attempt));
    next_ = Deadline::after(options_.attempt_delay);
  }
  return winner;
}

// Asked again, connect(2) says what has become of it.
std::optional<TcpStream> Race::ask(Attempt& attempt, bool* is_over) {
  const int fd = attempt.stream.fileno();
  attempt.seen = runtime::fd_slot(fd)->edges(Direction::kWrite);
  const long result = sys::call(SYS_connect, fd, attempt.address.data(), attempt.address.size());
  if (result == -EINPROGRESS || result == -EALREADY || result == -EINTR) {
    return std::nullopt;
  }
  *is_over = true;
  if (result == 0 || result == -EISCONN) {
    return std::move(attempt.stream);
  }
  fail(attempt.address, static_cast<int>(-result));
  return std::nullopt;
}

std::optional<TcpStream> Race::look() {
  for (std::size_t i = 0; i < attempts_.size();) {
    Attempt& attempt = attempts_[i];
    const std::uint32_t edges = runtime::fd_slot(attempt.stream.fileno())->edges(Direction::kWrite);
    bool is_over = false;
    if (edges != attempt.seen) {
      if (auto winner = ask(attempt, &is_over)) {
        return winner;
      }
    }
    if (is_over) {
      next_ = Deadline::at(0);  // section 5: the next one need not wait
      attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  return std::nullopt;
}

Deadline Race::next_look() const {
  if (untried_.empty() || attempts_.size() == kMostAttempts) {
    return deadline_;
  }
  const Deadline allowed = lookups_ == nullptr ? next_ : std::max(next_, lookups_->may_begin());
  return std::min(deadline_, allowed);
}

void Race::wait() {
  runtime::FdInterest interests[kMostAttempts];
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    const int fd = attempts_[i].stream.fileno();
    interests[i] = {.fd = fd,
                    .direction = Direction::kWrite,
                    .seen = attempts_[i].seen,
                    .slot = runtime::fd_slot(fd)};
  }
  int error = 0;
  bool refused = false;
  if (runtime::current() != nullptr) {
    error = runtime::wait_for_any(interests, attempts_.size(),
                                  {.deadline = next_look(), .cancellable = true}, &refused);
  } else {
    error = runtime::wait_on_thread(interests, attempts_.size(), next_look());
    for (Attempt& attempt : attempts_) {
      attempt.seen = 0;  // there no edge need have come: ask
    }
  }
  error = refused ? ENOSPC : error;  // fs.epoll.max_user_watches
  weft::detail::check_wait(error == ETIMEDOUT ? 0 : error, "weft::net::connect");
}

void Race::fail(const Address& address, int error) {
  failures_.push_back({address, std::error_code(error, std::generic_category())});
}

void Race::give_up(int error) { throw ConnectError(error, std::move(failures_)); }

}  // namespace weft::net
