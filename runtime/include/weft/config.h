// weft/config.h: the settings of the process, by code.
//
// Layer:  runtime, public.      See also: `weft run --help-config`, README.md ("Environment
// variables").
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weft {

/// The settings of the process. Each begins with what its variable says, or else with its default.
/// Those that are constant from the first scheduler on have to be set before any fiber is there.
struct Config {
  /// WEFT_STACK: bytes of the stack of a fiber that asks for none; nothing for the default.
  /// Constant from the first scheduler on.
  std::optional<std::size_t> stack_bytes;
  /// WEFT_WORKERS: of `patch_all` and `weft run`, 1 to 256; nothing for the default. Constant from
  /// the first scheduler on.
  std::optional<int> workers;
  /// WEFT_MAX_THREADS: most kernel threads of a scheduler, 1 to 4096. Constant from the first
  /// scheduler on.
  int max_threads = 512;
  /// WEFT_SEED: see weft/seed.h. Constant from the first scheduler on.
  std::optional<std::uint64_t> seed;
  /// WEFT_HUB: whether streams are read and written by io_uring, where that can be used. Constant
  /// from the first scheduler on.
  bool io_uring = false;
  /// WEFT_SLICE: how long a fiber may hold its worker, 1 ms to 4096 ms.
  std::chrono::nanoseconds switch_interval = std::chrono::milliseconds(10);
  /// WEFT_MONITOR: whether fibers that hold their kernel threads for too long are reported.
  bool monitor = false;
  /// WEFT_MAX_BLOCKING_TIME: how long is too long, 1 ms to 1 h; nothing for `switch_interval`.
  std::optional<std::chrono::nanoseconds> max_blocking_time;
  /// WEFT_THREADPOOL_SIZE: most threads of default_thread_pool(), 1 to 4096. Constant once that is
  /// there.
  int threadpool_size = 10;
  /// WEFT_THREADPOOL_IDLE: when its idle threads end, 1 ms to 1 h. Constant once it is there.
  std::chrono::nanoseconds threadpool_idle = std::chrono::seconds(5);

  /// Whether all settings are the same.
  friend bool operator==(const Config&, const Config&) = default;
};

/// What is in force.
///
/// Threads:  any.
/// Promise:  a copy: what is set later does not change it.
/// Source:   gevent.config.
///
///     log(weft::config().max_threads);
Config config();

/// Puts all of `wanted` in force. What is in force already may always be said again.
///
/// Errors:   std::system_error, and nothing is changed: EINVAL for a value beyond its limits, which
///           are those of its variable; EBUSY if one that is constant by now would change.
/// Threads:  any. If two change settings at the same time, the later ones hold.
/// Source:   gevent.config.
///
///     weft::Config wanted = weft::config();
///     wanted.max_threads = 64;
///     weft::configure(wanted);
void configure(const Config& wanted);

/// How long a fiber may hold its worker before the others are given to another kernel thread, if
/// its scheduler has any: Config::switch_interval.
///
/// Threads:  any.
/// Source:   gevent.getswitchinterval(), sys.getswitchinterval().
///
///     auto before = weft::switch_interval();
std::chrono::nanoseconds switch_interval();

/// Sets it, from the next look of each scheduler's monitor on: that is at most the interval before
/// away.
///
/// Units:    any std::chrono duration, 1 ms to 4096 ms.
/// Errors:   std::system_error(EINVAL) for others.
/// Threads:  any, at any time.
/// Source:   gevent.setswitchinterval(), sys.setswitchinterval().
///
///     weft::set_switch_interval(50ms);
void set_switch_interval(std::chrono::nanoseconds interval);

}  // namespace weft
