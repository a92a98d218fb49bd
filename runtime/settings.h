// settings.h: what is in force: what the environment asked for, and what the program has changed.
//
// Layer:  runtime.      See also: setting_rows.h, weft/config.h.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/setting_rows.h"

namespace weft::runtime {

/// A value that is read by others while it changes.
template <class T>
// NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): to move it is to copy it
class Live {
 public:
  Live(T value) : value_(value) {}  // NOLINT(google-explicit-constructor): is used as a T
  Live(const Live& other) : value_(T(other)) {}
  Live& operator=(const Live& other) {
    value_.store(other, std::memory_order_relaxed);
    return *this;
  }
  operator T() const {  // NOLINT(google-explicit-constructor): the same
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<T> value_;
};

struct Settings {
  // Those that do not change from the first scheduler on.
  std::size_t stack_bytes = 0;        // WEFT_STACK: 0 if not set
  int workers = 0;                    // WEFT_WORKERS: 0 if not set
  int max_threads = 512;              // WEFT_MAX_THREADS
  std::optional<std::uint64_t> seed;  // WEFT_SEED: see seeded.h
  bool has_ring = false;              // WEFT_HUB: io_uring, where it can be used
  // Those that do not change from default_thread_pool() on.
  int pool_size = 10;                         // WEFT_THREADPOOL_SIZE
  std::int64_t pool_idle_ns = 5'000'000'000;  // WEFT_THREADPOOL_IDLE
  // The others.
  Live<std::int64_t> slice_ns = 10'000'000;  // WEFT_SLICE
  Live<std::int64_t> max_blocking_ns = 0;    // WEFT_MAX_BLOCKING_TIME: 0 if not set
  Live<bool> monitor = false;                // WEFT_MONITOR
};

/// Threads: any. A value that makes no sense is reported on standard error once, and ignored.
const Settings& settings();

/// The same for whom a scheduler starts: from now on the first group above is constant.
const Settings& settle_settings();
/// And for who makes the default pool of threads: the second one.
const Settings& settle_pool_settings();

/// As they are at this moment.
Settings copy_of_settings();
/// Puts others in force, or none of them: EBUSY if one of them is constant by now.
[[nodiscard]] int change_settings(const Settings& wanted);
/// That one alone.
void set_slice(std::int64_t nanoseconds);

/// `64K`, `8M`, `1G` or plain bytes. Zero if it is none of these.
std::size_t parse_size(const char* text);

}  // namespace weft::runtime
