// weft/post.h: from any kernel thread, have a fiber of a certain scheduler do something.
//
// Layer:  runtime, public.      See also: weft/fiber.h, weft/run_main.h.
#pragma once
#include <weft/fiber.h>

#include <concepts>
#include <type_traits>
#include <utility>

namespace weft {
namespace detail {

/// The inside of a Hub, as long as it lives: the scheduler does not end.
class HubEntry {
 public:
  /// Throws std::system_error(ESRCH) if the scheduler has ended, EINVAL if there is none.
  explicit HubEntry(void* gate);
  HubEntry(const HubEntry&) = delete;
  HubEntry& operator=(const HubEntry&) = delete;
  ~HubEntry();
  [[nodiscard]] void* scheduler() const { return scheduler_; }

 private:
  void* gate_;
  void* scheduler_;
};

}  // namespace detail

/// Names a scheduler: for kernel threads that are none of its own, and want something done there.
///
/// Errors:   post and spawn_from throw std::system_error: ESRCH if the scheduler has ended, EINVAL
///           for a hub of no scheduler, and what spawn() throws.
/// Threads:  any; one handle by one thread at a time, copies of it by many. The scheduler's kernel
///           threads are woken if they are idle. Fibers of a thread's scheduler run while that
///           thread waits in weft.
/// Promise:  what one thread posts starts in that order, unless the scheduler has a seed. A handle
///           does not keep its scheduler from ending. In a fork's child only that of the fiber that
///           has forked is one.
/// Source:   asyncio's call_soon_threadsafe(), run_coroutine_threadsafe(); gevent's
///           loop.run_callback_threadsafe().
///
///     weft::Hub hub = weft::Hub::current();
///     std::thread([hub] { hub.post([] { refresh(); }); }).detach();
// NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): assignment by value serves both
class Hub {
 public:
  /// Of no scheduler.
  Hub() = default;
  Hub(const Hub& other);
  Hub(Hub&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  /// Names another's scheduler from now on.
  Hub& operator=(Hub other) noexcept {
    std::swap(gate_, other.gate_);
    return *this;
  }
  ~Hub();

  /// That of the calling fiber. Off a fiber: that of the calling kernel thread, which it starts if
  /// need be, as weft::spawn() does.
  ///
  /// Errors:   std::system_error: EAGAIN if it can't start.
  /// Source:   gevent.get_hub(); asyncio.get_running_loop().
  static Hub current();

  /// Whether it names a scheduler that has not ended.
  [[nodiscard]] bool is_open() const;

  /// Has `f()` called on a fiber of the scheduler, and does not wait for that. What it throws is
  /// unhandled: see on_unhandled().
  ///
  ///     hub.post([n] { counter += n; });
  template <class F>
  requires std::invocable<std::decay_t<F>>
  void post(F&& f) const { spawn_from(std::forward<F>(f)); }

  /// As weft::spawn(), on that scheduler. Wait for the fiber by its handle, from any thread.
  ///
  ///     int n = hub.spawn_from(count, words).get();
  template <class F, class... Args>
  requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  auto spawn_from(F&& f, Args&&... args) const {
    return spawn_from(SpawnOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }
  /// The same, with options.
  template <class F, class... Args>
  Fiber<detail::ResultOf<F, Args...>> spawn_from(const SpawnOptions& options, F&& f,
                                                 Args&&... args) const {
    const detail::HubEntry entry(gate_);
    return detail::Spawn::on({.scheduler = entry.scheduler()}, options, std::forward<F>(f),
                             std::forward<Args>(args)...);
  }

 private:
  explicit Hub(void* gate) : gate_(gate) {}
  void* gate_ = nullptr;
};

}  // namespace weft
