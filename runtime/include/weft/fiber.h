// weft/fiber.h: start fibers, wait for them, and fetch what they return.
//
// Layer:  runtime, public.      See also: weft/this_fiber.h, weft/sync.h, weft/sleep.h.
#pragma once
#include <weft/detail/task.h>
#include <weft/detail/time.h>
#include <weft/this_fiber.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace weft {

/// A handle of a fiber, whatever that returns. Copies refer to the same fiber; dropping them all
/// detaches it.
///
/// Errors:   join throws std::system_error: EDEADLK from the fiber itself, EINVAL for a handle of
/// no fiber. Threads:  any, fiber or not; one handle by one thread at a time, copies of it by many.
/// Promise:  a fiber has ended when its callable and its thread_local objects are destroyed. An
///           exception that nobody fetches is unhandled when the last handle goes away: see
///           on_unhandled().
/// Source:   gevent.Greenlet.
///
///     std::vector<weft::AnyFiber> all{weft::spawn(f), weft::spawn(g)};
// NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): assignment by value serves both
class AnyFiber {
 public:
  AnyFiber() = default;
  AnyFiber(const AnyFiber& other) : task_(other.task_) {
    if (task_ != nullptr) {
      task_->retain();
    }
  }
  AnyFiber(AnyFiber&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  AnyFiber& operator=(AnyFiber other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~AnyFiber() {
    if (task_ != nullptr) {
      task_->release();
    }
  }

  /// Waits until the fiber has ended. What it threw stays with it: see Fiber::get().
  void join() const { detail::join(task_, detail::kNever); }

  /// As join(), for at most `timeout` (any std::chrono duration). False if the fiber has not ended
  /// by then.
  template <class Rep, class Period>
  bool join_for(const std::chrono::duration<Rep, Period>& timeout) const {
    return detail::join(task_, detail::deadline_after(timeout));
  }
  /// As join_for(), until `moment`.
  template <class Clock, class Duration>
  // NOLINTNEXTLINE(modernize-use-nodiscard): a caller may only want to wait
  bool join_until(const std::chrono::time_point<Clock, Duration>& moment) const {
    return detail::join(task_, detail::deadline_at(moment));
  }

  /// Whether the fiber has ended.
  [[nodiscard]] bool ready() const { return task_ != nullptr && task_->has_ended(); }
  /// As this_fiber::id() in the fiber; 0 for a handle of no fiber.
  [[nodiscard]] std::uint64_t id() const { return task_ == nullptr ? 0 : task_->id; }
  /// The name given to spawn(), cut to 15 characters. The text lives as long as the handle.
  [[nodiscard]] const char* name() const { return task_ == nullptr ? "" : task_->name; }

 protected:
  explicit AnyFiber(detail::Task* task) : task_(task) {}
  [[nodiscard]] detail::Task* task() const { return task_; }

 private:
  detail::Task* task_ = nullptr;
};

struct SpawnOptions {
  std::size_t stack_bytes = 0;  // 0: 256 KiB, or WEFT_STACK
  const char* name = "";        // for reports; 15 characters are kept
  // Own errno, thread_local objects, pthread_self(); else the thread's. Not given: what suits the
  // scheduler, its thread's where fibers stay on one thread.
  std::optional<bool> own_tls = {};
};

namespace detail {
struct Spawn;
}  // namespace detail

/// A handle of a fiber that returns an R.
///
/// Errors, Threads, Promise, Source: as AnyFiber.
///
///     weft::Fiber<int> answer = weft::spawn([] { return 42; });
template <class R>
class Fiber : public AnyFiber {
 public:
  Fiber() = default;

  /// Waits until the fiber has ended, then returns what it returned or rethrows what it threw.
  ///
  /// Errors:   as join(), and whatever the fiber threw.
  /// Promise:  may be called again, and on copies of the handle. A result that can't be copied is
  ///           moved out by the first call.
  /// Source:   gevent.Greenlet.get(); std::shared_future::get().
  ///
  ///     int n = weft::spawn(count, words).get();
  R get() const {
    detail::fetch(task());
    return static_cast<detail::ResultTask<R>*>(task())->take();
  }

 private:
  friend struct detail::Spawn;
  explicit Fiber(detail::ResultTask<R>* task) : AnyFiber(task) {}
};

namespace detail {

/// Makes handles. The scheduler is one of weft::Scheduler; null: the calling thread's.
struct Spawn {
  template <class F, class... Args>
  static Fiber<ResultOf<F, Args...>> on(void* scheduler, const SpawnOptions& options, F&& f,
                                        Args&&... args) {
    using Work = CallTask<std::decay_t<F>, std::decay_t<Args>...>;
    auto* const work = new Work(std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
    Fiber<ResultOf<F, Args...>> handle(work);
    start(work, {scheduler, options.stack_bytes, options.name, options.own_tls});
    return handle;
  }
};

}  // namespace detail

/// Starts a fiber that calls `f(args...)` on copies, as std::thread does. It runs when its caller
/// waits.
///
/// Units:    stack_bytes in bytes, rounded up; memory is committed as it is touched.
/// Errors:   throws std::system_error: ENOMEM without memory for a stack, EAGAIN when the thread's
///           scheduler can't start (out of descriptors), ENOTSUP if own_tls is not possible here,
///           EINVAL for own_tls = false on a scheduler whose fibers change kernel threads.
///           An exception that leaves `f` ends the fiber, and waits for Fiber::get().
/// Threads:  any. The fiber belongs to the calling thread, whose first spawn makes the running code
///           its main fiber. When the thread ends, fibers that have not ended never run again.
/// Promise:  the caller goes on first. Fibers start in the order in which they were spawned.
/// Source:   gevent.spawn(); std::thread.
///
///     auto sum = weft::spawn({.name = "sum"}, [](int a, int b) { return a + b; }, 1, 2);
template <class F, class... Args>
Fiber<detail::ResultOf<F, Args...>> spawn(const SpawnOptions& options, F&& f, Args&&... args) {
  return detail::Spawn::on(nullptr, options, std::forward<F>(f), std::forward<Args>(args)...);
}

template <class F, class... Args>
requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto spawn(F&& f, Args&&... args) {
  return spawn(SpawnOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
}

/// Anything with handles in it: std::vector<Fiber<int>>, a view, an array.
template <class R>
concept FiberRange =
    std::ranges::input_range<R> && std::derived_from<std::ranges::range_value_t<R>, AnyFiber>;

/// Waits until all of the fibers have ended. With a timeout: false if some have not by then.
///
/// Units:    any std::chrono duration, for all of the fibers together.
/// Errors:   as AnyFiber::join(). What the fibers threw stays with them: see Fiber::get().
/// Threads:  callable from any thread, fiber or not.
/// Source:   gevent.joinall().
///
///     weft::joinall({weft::spawn(f), weft::spawn(g)});
///     bool all = weft::joinall(2s, workers);
template <FiberRange Fibers>
void joinall(const Fibers& fibers) {
  for (const AnyFiber& fiber : fibers) {
    fiber.join();
  }
}
inline void joinall(std::initializer_list<AnyFiber> fibers) {
  for (const AnyFiber& fiber : fibers) {
    fiber.join();
  }
}

template <class Rep, class Period, FiberRange Fibers>
bool joinall(const std::chrono::duration<Rep, Period>& timeout, const Fibers& fibers) {
  const std::chrono::nanoseconds deadline(detail::deadline_after(timeout));
  for (const AnyFiber& fiber : fibers) {
    if (!fiber.join_until(std::chrono::steady_clock::time_point(deadline))) {
      return false;
    }
  }
  return true;
}
template <class Rep, class Period>
bool joinall(const std::chrono::duration<Rep, Period>& timeout,
             std::initializer_list<AnyFiber> fibers) {
  return joinall<Rep, Period, std::initializer_list<AnyFiber>>(timeout, fibers);
}

}  // namespace weft
