// weft/scheduler.h: a scheduler with several workers, for fibers that shall use several cores.
//
// Layer:  runtime, public.      See also: weft/fiber.h.
#pragma once
#include <weft/detail/task.h>
#include <weft/fiber.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
namespace detail {

/// Owns a scheduler of the runtime.
class Pool {
 public:
  Pool(int workers, std::optional<std::uint64_t> seed);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();
  [[nodiscard]] void* scheduler() const { return scheduler_; }
  [[nodiscard]] std::optional<std::uint64_t> seed() const;

 private:
  void* scheduler_ = nullptr;
  int process_;  // that started it
};

/// The CPUs that the process may use: affinity mask and control group.
int available_cpus();

}  // namespace detail

/// Fibers that run on `workers` kernel threads at a time. A fiber that computes or blocks for
/// longer than 10 ms (WEFT_SLICE) is left alone on its kernel thread, and a spare one goes on with
/// the others.
///
/// Units:    workers: 1 to 256; what is not given is the number of CPUs that the process may use.
///           seed: what is not given is WEFT_SEED, if that is set: see weft/seed.h. With a seed
///           there is one worker.
/// Errors:   the constructor throws std::system_error: EINVAL for another number, ENOTSUP where
///           fibers can't have their own TLS, EAGAIN when descriptors or threads are short.
/// Threads:  spawn: any, fiber or not.
/// Promise:  the destructor waits until all fibers have ended but background ones, kills those,
///           waits for them, too, and ends the kernel threads. It must not run on one of these
///           fibers. In a fork's child it does nothing.
/// Source:   Go's GOMAXPROCS. gevent has nothing that uses several cores.
///
///     weft::Scheduler scheduler{.workers = 4};
///     auto sum = scheduler.spawn([] { return add_up(); });
///     use(sum.get());
struct Scheduler {
  // NOLINTBEGIN(misc-non-private-member-variables-in-classes): an aggregate, to name its option
  int workers = detail::available_cpus();            ///< kernel threads that run fibers at a time
  std::optional<std::uint64_t> seed = std::nullopt;  ///< of a seeded run: see weft/seed.h
  detail::Pool pool{workers, seed};                  ///< weft's own: leave it out
  // NOLINTEND(misc-non-private-member-variables-in-classes)

  /// As weft::spawn(), on this scheduler. The fiber has its own TLS, and may start at once.
  ///
  /// Errors:   as weft::spawn(); own_tls = false is EINVAL here.
  template <class F, class... Args>
  Fiber<detail::ResultOf<F, Args...>> spawn(const SpawnOptions& options, F&& f, Args&&... args) {
    return detail::Spawn::on({pool.scheduler()}, options, std::forward<F>(f),
                             std::forward<Args>(args)...);
  }

  /// The same without options.
  template <class F, class... Args>
  requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  auto spawn(F&& f, Args&&... args) {
    return spawn(SpawnOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }
};

}  // namespace weft
