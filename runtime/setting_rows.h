// setting_rows.h: the settings of the runtime as a table: names, limits, and what they mean.
//
// Layer:  runtime. Includes nothing of weft: the `weft` command prints it, too.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace weft::runtime {

/// Of one scheduler: WEFT_WORKERS, `weft run --workers`, weft::Scheduler.
inline constexpr int kMostWorkers = 256;

/// One setting. README.md has the same words.
struct SettingRow {
  const char* variable = nullptr;
  const char* option = "";         // of `weft run`
  const char* default_value = "";  // in words if it is no number
  const char* limits = nullptr;    // after "is not": "a number from 1 to 256"
  const char* meaning = nullptr;
  std::uint64_t least = 0;  // of those that are counts
  std::uint64_t most = 0;
};

enum class Setting : std::uint8_t {
  kStack,
  kSlice,
  kMaxThreads,
  kWorkers,
  kSeed,
  kMonitor,
  kMaxBlocking,
  kPoolSize,
  kPoolIdle,
  kHub,
};

inline constexpr SettingRow kSettingRows[] = {
    {"WEFT_STACK", "--stack", "for threads what libc would give (ulimit -s); 256K for spawn",
     "a size",
     "stack of a thread or fiber that asks for none: 64K, 8M. It is reserved, and not committed"},
    {"WEFT_SLICE", "", "10", "a number from 1 to 4096",
     "milliseconds that a fiber may hold its worker before the others are given to another kernel "
     "thread",
     1, 4096},
    {"WEFT_MAX_THREADS", "", "512", "a number from 1 to 4096",
     "most kernel threads for running fibers, stuck and spare ones included", 1, 4096},
    {"WEFT_WORKERS", "--workers", "the CPUs that the process may use; after patch_all 1",
     "a number from 1 to 256",
     "kernel threads that run fibers at a time, those apart that are stuck in one", 1,
     kMostWorkers},
    {"WEFT_SEED", "--seed", "none", "a number from 0 to 2^64-1",
     "one worker, and an order of fibers that is a function of this number; sleeps and timeouts "
     "take no time. For tests: see weft/seed.h"},
    {"WEFT_MONITOR", "--monitor", "0", "0 or 1",
     "1: a line on standard error about a thread that holds its kernel thread for longer than "
     "WEFT_MAX_BLOCKING_TIME, at most once a second: for how long, and in which call"},
    {"WEFT_MAX_BLOCKING_TIME", "", "as WEFT_SLICE", "a number from 1 to 3600000",
     "milliseconds that a fiber may hold its kernel thread before the monitor tells of it", 1,
     3'600'000},
    {"WEFT_THREADPOOL_SIZE", "", "10", "a number from 1 to 4096",
     "most kernel threads of default_thread_pool(), which offload() uses", 1, 4096},
    {"WEFT_THREADPOOL_IDLE", "", "5000", "a number from 1 to 3600000",
     "milliseconds that a thread of default_thread_pool() may be idle before it ends", 1,
     3'600'000},
    {"WEFT_HUB", "", "epoll", "epoll or io_uring",
     "io_uring: what fibers read from and write to streams of weft::net is handed to the kernel "
     "many "
     "at a time, where they stay on one kernel thread (without weft::Scheduler, weft run or "
     "patch_all) and the kernel allows it; else epoll"},
};
static_assert(std::size(kSettingRows) == static_cast<std::size_t>(Setting::kHub) + 1,
              "a row for each setting, in the same order");

constexpr const SettingRow& row_of(Setting setting) {
  return kSettingRows[static_cast<std::size_t>(setting)];
}

}  // namespace weft::runtime
