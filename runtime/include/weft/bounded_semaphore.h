// weft/bounded_semaphore.h: a semaphore that notices who gives back more than was taken.
//
// Layer:  runtime, public.      See also: weft/semaphore.h.
#pragma once
#include <weft/semaphore.h>

#include <cstdint>

namespace weft {

/// A semaphore that never has more permits than at first.
///
/// Errors:   release() throws std::logic_error beyond that, and then has released none.
/// Units, Threads, Promise: as Semaphore, but release() must not race with its destruction.
/// Source:   gevent.lock.BoundedSemaphore; threading.BoundedSemaphore.
///
///     weft::BoundedSemaphore connections(10);
///     connections.acquire();
class BoundedSemaphore : private Semaphore {
 public:
  /// With `count` permits, and never more.
  explicit constexpr BoundedSemaphore(std::uint32_t count = 1)
      : Semaphore(count), bound_(count & kCount) {}

  using Semaphore::acquire;
  using Semaphore::available;
  using Semaphore::locked;
  using Semaphore::try_acquire;
  using Semaphore::try_acquire_for;
  using Semaphore::try_acquire_until;
  using Semaphore::wait;
  using Semaphore::wait_for;
  using Semaphore::wait_point;
  using Semaphore::wait_until;

  /// Gives back `count` permits.
  void release(std::uint32_t count = 1);
  /// How many permits there are at most.
  [[nodiscard]] std::uint32_t bound() const { return bound_; }

 private:
  const std::uint32_t bound_;
};

}  // namespace weft
