// settings.h: what the environment asks for, read once.
//
// Layer:  runtime.
#pragma once
#include <cstddef>
#include <cstdint>

namespace weft::runtime {

/// Of one scheduler: WEFT_WORKERS, `weft run --workers`, weft::Scheduler.
inline constexpr int kMostWorkers = 256;

struct Settings {
  std::size_t stack_bytes = 0;  // WEFT_STACK: 0 if not set
  int workers = 0;              // WEFT_WORKERS: 0 if not set
  int max_threads = 512;        // WEFT_MAX_THREADS: kernel threads for fibers that block
  std::int64_t slice_ns =
      10'000'000;        // WEFT_SLICE, in milliseconds there: how long a fiber may hold a worker
  bool monitor = false;  // WEFT_MONITOR: report fibers that are stuck
  bool verbose = false;  // WEFT_VERBOSE
};

/// Threads: any. A value that makes no sense is reported on standard error once, and ignored.
const Settings& settings();

/// `64K`, `8M`, `1G` or plain bytes. Zero if it is none of these.
std::size_t parse_size(const char* text);

}  // namespace weft::runtime
