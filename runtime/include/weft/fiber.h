// weft/fiber.h: start fibers, wait for them, and fetch what they return.
//
// Layer:  runtime, public.      See also: weft/this_fiber.h, weft/sync.h, weft/sleep.h.
#pragma once
#include <weft/any_fiber.h>  // IWYU pragma: export
#include <weft/detail/task.h>
#include <weft/detail/time.h>
#include <weft/joinall.h>  // IWYU pragma: export
#include <weft/this_fiber.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {

/// How a fiber is made: see spawn().
struct SpawnOptions {
  std::size_t stack_bytes = 0;  ///< 0: 256 KiB, or WEFT_STACK
  const char* name = "";        ///< for reports; 15 characters are kept
  /// Own errno, thread_local objects, pthread_self(); else the thread's. Not given: what suits the
  /// scheduler, its thread's where fibers stay on one thread.
  std::optional<bool> own_tls = {};
  /// A weft::Scheduler and run() do not wait for it to end: they kill it when the others have
  /// ended. On a thread's scheduler, for whose fibers nobody waits at its end, it changes nothing.
  bool background = false;
};

namespace detail {

struct Spawn;

template <class R>
struct Optional {
  using Type = std::optional<R>;
};
template <class R>
struct Optional<R&> {
  using Type = std::optional<std::reference_wrapper<R>>;
};
template <>
struct Optional<void> {
  using Type = bool;
};
/// What can hold an R or nothing.
template <class R>
using OptionalOf = typename Optional<R>::Type;

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

  /// As get(), for at most `timeout`: nothing, or false for a fiber without a result, if the fiber
  /// has not ended by then.
  template <class Rep, class Period>
  auto get_for(const std::chrono::duration<Rep, Period>& timeout) const {
    if constexpr (std::is_void_v<R>) {
      const bool has_ended = join_for(timeout);
      if (has_ended) {
        get();
      }
      return has_ended;
    } else {
      return join_for(timeout) ? Value(get()) : Value();
    }
  }
  /// What the fiber has returned; nothing if it has not ended, or by an exception. Never waits.
  [[nodiscard]] auto value() const requires(!std::is_void_v<R>) {
    const bool has_value = this->ready() && task()->error == nullptr;
    return has_value ? Value(get()) : Value();
  }

  /// As AnyFiber::link(), for calls that take a `const Fiber<R>&`.
  template <class F>
  LinkToken link(F f) const {
    return this->template add_link<Fiber>(detail::LinkedTo::kAnyEnd, std::move(f));
  }
  /// As link(), only if the fiber ends without an error.
  template <class F>
  LinkToken link_value(F f) const {
    return this->template add_link<Fiber>(detail::LinkedTo::kValue, std::move(f));
  }
  /// As link(), only if the fiber ends by an error.
  template <class F>
  LinkToken link_exception(F f) const {
    return this->template add_link<Fiber>(detail::LinkedTo::kException, std::move(f));
  }

 private:
  using Value = detail::OptionalOf<R>;
  friend struct detail::Spawn;
  template <class Handle, class F>
  friend struct detail::LinkedCall;
  explicit Fiber(detail::ResultTask<R>* task) : AnyFiber(task) {}
  static Fiber of(detail::Task* task) { return Fiber(static_cast<detail::ResultTask<R>*>(task)); }
};

namespace detail {

/// A scheduler of weft::Scheduler's, or null: the calling thread's; and how much later.
struct Where {
  void* scheduler = nullptr;
  std::chrono::nanoseconds delay{0};
};

/// Makes handles.
struct Spawn {
  template <class F, class... Args>
  static Fiber<ResultOf<F, Args...>> on(const Where& where, const SpawnOptions& options, F&& f,
                                        Args&&... args) {
    using Work = CallTask<std::decay_t<F>, std::decay_t<Args>...>;
    auto* const work = new Work(std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
    Fiber<ResultOf<F, Args...>> handle(work);
    start(work, {where.scheduler, options.stack_bytes, options.name, options.own_tls, where.delay,
                 options.background});
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
  return detail::Spawn::on({}, options, std::forward<F>(f), std::forward<Args>(args)...);
}

/// The same, with the usual options.
///
///     auto answer = weft::spawn([] { return 42; });
template <class F, class... Args>
requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto spawn(F&& f, Args&&... args) {
  return spawn(SpawnOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
}

/// As spawn(), and the fiber starts `delay` from now.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC.
/// Errors, Threads: as spawn().
/// Promise:  a fiber that is killed before never runs `f`. It has its stack from now on.
/// Source:   gevent.spawn_later().
///
///     auto reminder = weft::spawn_later(5min, remind, user);
template <class Rep, class Period, class F, class... Args>
Fiber<detail::ResultOf<F, Args...>> spawn_later(const std::chrono::duration<Rep, Period>& delay,
                                                F&& f, Args&&... args) {
  return detail::Spawn::on({.delay = detail::saturated(delay)}, SpawnOptions{}, std::forward<F>(f),
                           std::forward<Args>(args)...);
}

}  // namespace weft
