// weft/pool.h: a group of so many fibers at most.
//
// Layer:  runtime, public.      See also: weft/group.h, weft/thread_pool.h.
#pragma once
#include <weft/group.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace weft {

/// Thrown by Pool::spawn_nowait() when the pool is full.
///
/// Source:   gevent.pool.PoolFull.
///
///     catch (const weft::PoolFull&) { refuse(connection); }
class PoolFull : public std::runtime_error {
 public:
  /// Made by the pool.
  PoolFull();
};

/// A Group with room for `size` fibers: who spawns or adds another one waits until one has ended.
///
/// Units:    size: up to 2,147,483,647 fibers. With 0 it always is full.
/// Errors, Threads, Promise: as Group. Who waits for room is served in order. A member that spawns
///           another one and waits for it may wait for ever.
/// Source:   gevent.pool.Pool.
///
///     weft::Pool pool(100);
///     for (;;) pool.spawn(serve, listener.accept());
class Pool : public Group {
 public:
  /// For `size` fibers.
  explicit Pool(std::uint32_t size) : Group(std::optional(size)), size_(size) {}

  /// As spawn(), and does not wait. Nothing if it is full.
  template <class F, class... Args>
  auto try_spawn(F&& f, Args&&... args) {
    using Handle = Fiber<detail::ResultOf<F, Args...>>;
    detail::Seat seat = members().try_take_seat();
    return seat == nullptr
               ? std::optional<Handle>()
               : std::optional<Handle>(start(std::move(seat), SpawnOptions{}, std::forward<F>(f),
                                             std::forward<Args>(args)...));
  }
  /// As spawn(), and does not wait: throws PoolFull if it is full.
  template <class F, class... Args>
  auto spawn_nowait(F&& f, Args&&... args) {
    auto fiber = try_spawn(std::forward<F>(f), std::forward<Args>(args)...);
    if (!fiber.has_value()) {
      throw PoolFull();
    }
    return *std::move(fiber);
  }

  /// Waits until there is room, which somebody else may take.
  void wait_available() const { members().wait_for_seat(detail::kNever); }
  /// As wait_available(), for at most `timeout`. False if there was no room by then.
  template <class Rep, class Period>
  bool wait_available_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return members().wait_for_seat(detail::deadline_after(timeout));
  }
  /// How many fibers there is room for: when it is looked at, perhaps no longer.
  [[nodiscard]] std::size_t free_count() const { return members().free_seats(); }
  /// Whether there is no room.
  [[nodiscard]] bool full() const { return free_count() == 0; }
  /// How many fibers it was made for.
  [[nodiscard]] std::size_t maxsize() const { return size_; }

 private:
  std::uint32_t size_;
};

}  // namespace weft
