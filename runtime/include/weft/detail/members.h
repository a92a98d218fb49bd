// weft/detail/members.h: which fibers belong to a group, until they end. No part of the API:
// weft/group.h is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/fiber.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace weft::detail {

class Member;

/// A place in a group for a fiber that is still to be started. Gives it back if none is.
struct LeaveMember {
  void operator()(Member* member) const;
};
using Seat = std::unique_ptr<Member, LeaveMember>;

/// Copies share the members. A fiber leaves when it has ended, as far as joiners of it can tell.
class Members {
 public:
  /// Nothing: any number.
  explicit Members(std::optional<std::uint32_t> limit);

  /// Waits until there is one.
  [[nodiscard]] Seat take_seat() const;
  /// Null if there is none.
  [[nodiscard]] Seat try_take_seat() const;
  void add(const AnyFiber& fiber, Seat seat) const;
  void discard(const AnyFiber& fiber) const;
  [[nodiscard]] bool contains(const AnyFiber& fiber) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<AnyFiber> handles() const;
  // NOLINTBEGIN(modernize-use-nodiscard): a caller may only want to wait
  /// Waits until there is no member. False if the deadline passed.
  bool join(std::int64_t deadline) const;
  /// Kills all but the calling fiber until there are no others; and that, if it is one.
  bool kill(std::int64_t deadline) const;

  // With a limit only.
  bool wait_for_seat(std::int64_t deadline) const;
  // NOLINTEND(modernize-use-nodiscard)
  [[nodiscard]] std::size_t free_seats() const;

 private:
  friend class Member;
  struct State;
  [[nodiscard]] Seat make_seat() const;
  std::shared_ptr<State> state_;
};

/// As weft::spawn(), for a seat.
template <class F, class... Args>
Fiber<ResultOf<F, Args...>> start_member(const Members& members, Seat seat,
                                         const SpawnOptions& options, F&& f, Args&&... args) {
  auto fiber = weft::spawn(options, std::forward<F>(f), std::forward<Args>(args)...);
  members.add(fiber, std::move(seat));
  return fiber;
}

}  // namespace weft::detail
