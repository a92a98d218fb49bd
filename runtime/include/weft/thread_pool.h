// weft/thread_pool.h: kernel threads for code that blocks or computes, so that fibers need not.
//
// Layer:  runtime, public.      See also: weft/offload.h, weft/blocking.h, weft/pool.h.
#pragma once
#include <weft/async_result.h>
#include <weft/detail/thread_job.h>
#include <weft/detail/time.h>
#include <weft/fiber.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

/// How a ThreadPool is made.
struct ThreadPoolOptions {
  std::size_t max = 10;                                             ///< kernel threads, 1 at least
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(5);  ///< then an idle one ends
  std::string name = "weft-pool";          ///< of the threads, before their number
  std::function<void()> initializer = {};  ///< each thread calls it first
};

/// Kernel threads that are started as they are needed, up to a number. What runs on them is on no
/// fiber, and may block.
///
/// Units:    any std::chrono duration, on CLOCK_MONOTONIC. A thread's stack has 256 KiB.
/// Errors:   std::system_error(EINVAL) for a pool of no threads. submit() throws std::runtime_error
///           after shutdown(). What a call throws is thrown by its handle's getters; what the
///           initializer throws, by those of all calls that come to its thread; EAGAIN if no thread
///           can be had. On fibers every wait may throw: see AnyFiber::kill() and Timeout.
/// Threads:  any, fiber or not.
/// Promise:  calls begin in the order of submit(). The threads have all signals blocked. A call
///           must not end its thread. The destructor waits for all calls: shutdown().
/// Source:   gevent.threadpool.ThreadPool; concurrent.futures.ThreadPoolExecutor.
///
///     weft::ThreadPool pool({.max = 4});
///     auto hash = pool.submit(argon2, password);
///     use(hash.get());
class ThreadPool {
 public:
  /// Without threads, until there is something to do.
  explicit ThreadPool(ThreadPoolOptions options = {});
  /// With up to `max` threads, which end when they have been idle for `idle_timeout`.
  template <class Rep, class Period>
  ThreadPool(std::size_t max, const std::chrono::duration<Rep, Period>& idle_timeout)
      : ThreadPool(ThreadPoolOptions{.max = max, .idle_timeout = detail::saturated(idle_timeout)}) {
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  /// Has a thread call `f(args...)` on copies, as std::thread does. If the handle is cancelled
  /// before it begins, it is not called; if later, what it returns is dropped.
  template <class F, class... Args>
  auto submit(F&& f, Args&&... args) {
    using R = std::decay_t<detail::ResultOf<F, Args...>>;
    AsyncResult<R> result;
    enqueue(std::make_unique<detail::ThreadCall<R, std::decay_t<F>, std::decay_t<Args>...>>(
        result, std::forward<F>(f), std::forward<Args>(args)...));
    return result;
  }
  /// The same, and waits for what it returns. Whoever is killed meanwhile does not wait any more.
  template <class F, class... Args>
  auto apply(F&& f, Args&&... args) {
    return submit(std::forward<F>(f), std::forward<Args>(args)...).get();
  }

  /// Calls `f(item)` for a copy of each item of the range. Returns what they return, in the order
  /// of the items, in a std::vector; that is empty if they return nothing.
  ///
  /// Errors:   what `f` threw for the first item that failed; the others go on.
  template <class F, std::ranges::input_range Range>
  auto map(F f, Range&& range) {
    return *map_by(detail::kNever, std::move(f), range);
  }
  /// As map(), for at most `timeout`: nothing if some have not returned by then. Those that have
  /// not begun are not called then.
  template <class Rep, class Period, class F, std::ranges::input_range Range>
  auto map_for(const std::chrono::duration<Rep, Period>& timeout, F f, Range&& range) {
    return map_by(detail::deadline_after(timeout), std::move(f), range);
  }

  /// Takes no more calls. With `wait`, waits until all have returned and the threads have ended;
  /// with `cancel_pending`, those that have not begun are cancelled.
  ///
  /// Source:   concurrent.futures.Executor.shutdown().
  void shutdown(bool wait = true, bool cancel_pending = false);

  /// How many threads there are: when it is looked at, perhaps no longer.
  [[nodiscard]] std::size_t size() const;
  /// How many there may be.
  [[nodiscard]] std::size_t max() const;

 private:
  struct State;
  void enqueue(std::unique_ptr<detail::ThreadJob> job);
  static void* thread_main(void* state);

  template <class F, class Range>
  auto map_by(std::int64_t deadline, F f, Range& range);

  std::shared_ptr<State> state_;
};

template <class F, class Range>
auto ThreadPool::map_by(std::int64_t deadline, F f, Range& range) {
  using R = std::decay_t<detail::ResultOf<F&, std::ranges::range_value_t<Range>>>;
  using Values = std::conditional_t<std::is_void_v<R>, std::vector<bool>, std::vector<R>>;
  std::vector<AsyncResult<R>> handles;
  for (auto&& item : range) {
    handles.push_back(submit(f, std::forward<decltype(item)>(item)));
  }
  std::optional<Values> values(std::in_place);
  for (const AsyncResult<R>& handle : handles) {
    auto value = handle.get_until(detail::moment_of(deadline));
    if (!value) {
      for (AsyncResult<R>& late : handles) {
        late.cancel();
      }
      return std::optional<Values>();
    }
    if constexpr (!std::is_void_v<R>) {
      values->push_back(std::move(*value));
    }
  }
  return values;
}

/// The pool of offload(). It is made when it is first asked for, and never ends. Its size, and when
/// its idle threads end: see Config.
ThreadPool& default_thread_pool();

}  // namespace weft
