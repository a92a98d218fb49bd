// happy_eyeballs.h: which address is tried when (RFC 8305), by one fiber or thread for all of them.
//
// Layer:  net.      See also: weft/net/connect.h, net/DESIGN.md ("Connecting").
#pragma once
#include <weft/fiber.h>
#include <weft/net/connect.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/deadline.h"
#include "runtime/scheduler.h"

namespace weft::net {

/// The addresses of one family, AF_INET or AF_INET6; throws ResolveError.
using LookUp = std::function<std::vector<Address>(int family)>;

/// connect() with any way to look up.
TcpStream connect_by(const LookUp& look_up, const ConnectOptions& options);

/// Addresses that are not tried yet. Section 4: families by turns.
class Untried {
 public:
  /// IPv6 goes first, if there is any by then; else the family of the first address that is added.
  void prefer_six() { six_is_next_ = true; }
  void add(const std::vector<Address>& addresses);
  [[nodiscard]] bool empty() const { return six_.empty() && others_.empty(); }
  Address take();

 private:
  std::deque<Address> six_;
  std::deque<Address> others_;
  std::optional<bool> six_is_next_;
};

/// Lookups of both families at the same time, or of one, each on a fiber of its own. It may end
/// before they do.
class Lookups {
 public:
  Lookups(const LookUp& look_up, int family, std::chrono::nanoseconds resolution_delay);
  /// Ends them.
  ~Lookups();
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  /// Moves what has been found since to the others.
  void collect(Untried& untried);
  [[nodiscard]] bool are_over() const { return six_is_over_ && four_is_over_; }
  /// Section 3: when what has been found may be tried. IPv4 waits for IPv6 a little.
  [[nodiscard]] runtime::Deadline may_begin() const {
    return six_is_over_ ? runtime::Deadline::at(0) : four_may_begin_;
  }
  /// Throws what they have failed with, if none has found anything.
  void rethrow_failure() const;

 private:
  struct Family {
    std::vector<Address> found;
    std::exception_ptr error;
    std::atomic<bool> is_over{false};  // the two above are constant then
  };
  // Lives until the last of the fibers has ended.
  struct Shared {
    LookUp look_up;
    Family six;
    Family four;
    runtime::Fiber* waiter = runtime::current();
  };
  static void run(Shared& shared, Family& family, int number);

  const std::shared_ptr<Shared> shared_;
  const std::chrono::nanoseconds resolution_delay_;
  std::vector<AnyFiber> fibers_;
  bool six_is_over_ = false;
  bool four_is_over_ = false;
  runtime::Deadline four_may_begin_ = runtime::Deadline::never();
};

/// The attempts under way. Destroying it closes them.
class Race {
 public:
  /// `lookups`: where more addresses come from; null: from nowhere.
  Race(const ConnectOptions& options, Lookups* lookups);

  [[nodiscard]] Untried& untried() { return untried_; }
  /// The first connection. Throws ConnectError.
  TcpStream run();

 private:
  struct Attempt {
    TcpStream stream;
    Address address;
    std::uint32_t seen = 0;
  };
  static constexpr std::size_t kMostAttempts = 32;

  std::optional<TcpStream> begin(const Address& address);
  std::optional<TcpStream> look();
  std::optional<TcpStream> ask(Attempt& attempt, bool* is_over);
  [[nodiscard]] bool may_begin() const;
  [[nodiscard]] runtime::Deadline next_look() const;
  void wait();
  void fail(const Address& address, int error);
  void give_up_if_over();
  [[noreturn]] void give_up(int error);

  const ConnectOptions& options_;
  Lookups* const lookups_;
  const runtime::Deadline deadline_;
  runtime::Deadline next_ = runtime::Deadline::at(0);  // when the next attempt may begin
  Untried untried_;
  std::vector<Attempt> attempts_;
  std::vector<ConnectError::Failure> failures_;
};

}  // namespace weft::net
