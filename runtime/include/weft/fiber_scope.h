// weft/fiber_scope.h: fibers that do not outlive a scope.
//
// Layer:  runtime, public.      See also: weft/gather.h.
#pragma once
#include <weft/fiber.h>
#include <weft/joinall.h>

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

/// Fibers that have ended when their scope is left: structured concurrency.
///
/// Errors:   leaving the scope, or join(), rethrows what the first fiber threw that failed, after
///           the others have been killed. If the scope is left by an exception the fibers are
///           killed and their errors dropped.
/// Threads:  the fiber that has made it, and its fibers where fibers stay on one thread. Its fibers
///           run on that one's scheduler.
/// Promise:  when the owner is killed or out of time while it waits here, the fibers are killed
///           first, and waited for. A fiber of the scope that was killed has not failed.
/// Source:   gevent's Greenlet as context manager; trio's nurseries, asyncio.TaskGroup.
///
///     {
///       weft::FiberScope scope;
///       scope.spawn(read_from, connection);
///       scope.spawn(write_to, connection);
///     }   // both have ended
class FiberScope {
 public:
  FiberScope();
  FiberScope(const FiberScope&) = delete;
  FiberScope& operator=(const FiberScope&) = delete;
  /// Waits for its fibers, as join() does.
  ~FiberScope() noexcept(false);

  /// As weft::spawn(), and the fiber belongs to the scope.
  template <class F, class... Args>
  Fiber<detail::ResultOf<F, Args...>> spawn(const SpawnOptions& options, F&& f, Args&&... args) {
    auto fiber = weft::spawn(options, std::forward<F>(f), std::forward<Args>(args)...);
    fibers_.push_back(fiber);
    return fiber;
  }
  /// The same, with the usual options.
  template <class F, class... Args>
  requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  auto spawn(F&& f, Args&&... args) {
    return spawn(SpawnOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }

  /// Waits until all of its fibers have ended, those too that they add meanwhile: the failure of
  /// one such is heard of when another ends.
  void join();
  /// Kills its fibers and waits until they have ended, whatever happens meanwhile.
  void kill();

 private:
  std::exception_ptr wait_for_failure();

  std::vector<AnyFiber> fibers_;
  const int exceptions_;  // in flight when it was made
};

}  // namespace weft
