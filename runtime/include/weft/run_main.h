// weft/run_main.h: run a function on fibers, from its beginning to a clean end.
//
// Layer:  runtime, public.      See also: weft/scheduler.h, weft/seed.h.
#pragma once
#include <weft/fiber.h>
#include <weft/scheduler.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {

/// How run() runs a function.
struct MainOptions {
  int workers = 1;  ///< kernel threads, 1 to 256
  std::optional<std::uint64_t> seed =
      {};                       ///< see weft/seed.h; not given: WEFT_SEED, if that is set
  std::size_t stack_bytes = 0;  ///< of the first fiber; 0: 256 KiB, or WEFT_STACK
  const char* name = "main";    ///< of the first fiber
};

namespace detail {

/// Waits for the first fiber. If the caller is killed meanwhile, or out of time, so is that.
void join_first(const AnyFiber& first);

/// Says on standard error which seed it was, if there was one and the fiber has failed.
void report_seed(const AnyFiber& first, std::optional<std::uint64_t> seed);

}  // namespace detail

/// Starts a scheduler for the call, calls `f(args...)` on a fiber of it, waits until all of its
/// fibers have ended but the background ones, kills these, and ends the scheduler.
///
/// Errors:   throws what `f` has thrown; and std::system_error as weft::Scheduler does. In a seeded
///           run a line on standard error says with which seed `f` has failed.
/// Threads:  any, fiber or not, but none whose fibers the new ones wait for. weft::spawn() in `f`,
///           and in what that spawns, means this scheduler.
/// Promise:  no fiber and no kernel thread of it is left when it returns. A fiber that is killed
///           while it waits here kills the one that calls `f`, and waits on.
/// Source:   asyncio.run().
///
///     int main() { return weft::run([] { return serve(8080); }); }
///     weft::run({.seed = 7}, test_of_transfers);
template <class F, class... Args>
detail::ResultOf<F, Args...> run(const MainOptions& options, F&& f, Args&&... args) {
  Fiber<detail::ResultOf<F, Args...>> first;
  std::optional<std::uint64_t> seed;
  {
    const detail::Pool pool(options.workers, options.seed);
    seed = pool.seed();
    first =
        detail::Spawn::on({.scheduler = pool.scheduler()},
                          SpawnOptions{.stack_bytes = options.stack_bytes, .name = options.name},
                          std::forward<F>(f), std::forward<Args>(args)...);
    detail::join_first(first);
  }
  detail::report_seed(first, seed);
  return first.get();
}

/// The same, with one kernel thread.
///
///     weft::run([] { weft::joinall({weft::spawn(f), weft::spawn(g)}); });
template <class F, class... Args>
requires std::invocable<std::decay_t<F>, std::decay_t<Args>...> detail::ResultOf<F, Args...> run(
    F&& f, Args&&... args) {
  return run(MainOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace weft
