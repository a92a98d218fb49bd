#include "runtime/settings.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>
#include <tuple>

#include "runtime/check.h"
#include "runtime/spin_lock.h"

namespace weft::runtime {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

const char* value_of(Setting setting) {
  const char* const value = std::getenv(row_of(setting).variable);
  return value == nullptr ? "" : value;
}

void complain(Setting setting, const char* advice = "") {
  const SettingRow& row = row_of(setting);
  char problem[128];
  std::snprintf(problem, sizeof problem, "weft: %s is not %s: '", row.variable, row.limits);
  print_line(problem, value_of(setting), "'. It is ignored", advice, ".");
}

// Whoever misspells this one would wait for reports that never come.
bool is_one(Setting setting) {
  const char* const value = value_of(setting);
  const bool is_digit = (value[0] == '0' || value[0] == '1') && value[1] == '\0';
  if (*value != '\0' && !is_digit) {
    complain(setting);
  }
  return is_digit && value[0] == '1';
}

bool is_io_uring(Setting setting) {
  const std::string_view value = value_of(setting);
  if (!value.empty() && value != "epoll" && value != "io_uring") {
    complain(setting);
  }
  return value == "io_uring";
}

std::size_t size_of(Setting setting) {
  const char* const value = value_of(setting);
  const std::size_t size = parse_size(value);
  if (*value != '\0' && size == 0) {
    complain(setting, "; write for example 64K or 8M");
  }
  return size;
}

template <class Count>
Count count_of(Setting setting, Count otherwise) {
  const char* const value = value_of(setting);
  if (*value == '\0') {
    return otherwise;
  }
  const std::size_t count = parse_size(value);
  if (count < row_of(setting).least || count > row_of(setting).most) {
    complain(setting);
    return otherwise;
  }
  return static_cast<Count>(count);
}

std::int64_t time_of(Setting setting, std::int64_t otherwise) {
  return count_of(setting, otherwise / kMillisecond) * kMillisecond;
}

std::optional<std::uint64_t> seed_of(Setting setting) {
  const char* const value = value_of(setting);
  std::uint64_t seed = 0;
  const char* const end = value + std::strlen(value);
  const auto [at, error] = std::from_chars(value, end, seed);
  if (value != end && (at != end || error != std::errc())) {
    complain(setting);
  }
  return value != end && at == end && error == std::errc() ? std::optional(seed) : std::nullopt;
}

Settings read_settings() {
  Settings read;
  read.stack_bytes = size_of(Setting::kStack);
  read.workers = count_of(Setting::kWorkers, read.workers);
  read.max_threads = count_of(Setting::kMaxThreads, read.max_threads);
  read.slice_ns = time_of(Setting::kSlice, read.slice_ns);
  read.monitor = is_one(Setting::kMonitor);
  read.max_blocking_ns = time_of(Setting::kMaxBlocking, read.max_blocking_ns);
  read.seed = seed_of(Setting::kSeed);
  read.has_ring = is_io_uring(Setting::kHub);
  read.pool_size = count_of(Setting::kPoolSize, read.pool_size);
  read.pool_idle_ns = time_of(Setting::kPoolIdle, read.pool_idle_ns);
  return read;
}

struct Guarded {
  SpinLock lock;  // between those that change them, and those that settle them
  std::atomic<bool> are_settled{false};
  std::atomic<bool> pools_are_settled{false};
  Settings now = read_settings();
};

Guarded& guarded() {
  static Guarded only;
  return only;
}

const Settings& settle(std::atomic<bool> Guarded::*settled) {
  Guarded& ours = guarded();
  if (!(ours.*settled).load(std::memory_order_acquire)) {
    const SpinGuard hold(ours.lock);
    (ours.*settled).store(true, std::memory_order_release);
  }
  return ours.now;
}

}  // namespace

std::size_t parse_size(const char* text) {
  std::size_t number = 0;
  const char* at = text;
  for (; *at >= '0' && *at <= '9'; ++at) {
    if (number > std::numeric_limits<std::size_t>::max() / 16) {
      return 0;
    }
    number = number * 10 + static_cast<std::size_t>(*at - '0');
  }
  int shift = 0;
  switch (*at) {
    case 'k':
    case 'K':
      shift = 10;
      break;
    case 'm':
    case 'M':
      shift = 20;
      break;
    case 'g':
    case 'G':
      shift = 30;
      break;
    default:
      break;
  }
  at += shift != 0 ? 1 : 0;
  const bool fits = number <= (std::numeric_limits<std::size_t>::max() >> 1 >> shift);
  return *at == '\0' && fits ? number << shift : 0;
}

const Settings& settings() { return guarded().now; }

const Settings& settle_settings() { return settle(&Guarded::are_settled); }
const Settings& settle_pool_settings() { return settle(&Guarded::pools_are_settled); }

Settings copy_of_settings() {
  Guarded& ours = guarded();
  const SpinGuard hold(ours.lock);
  return ours.now;
}

int change_settings(const Settings& wanted) {
  Guarded& ours = guarded();
  const SpinGuard hold(ours.lock);
  Settings& now = ours.now;
  const auto first = [](auto& of) {
    return std::tie(of.stack_bytes, of.workers, of.max_threads, of.seed, of.has_ring);
  };
  const auto of_pool = [](auto& of) { return std::tie(of.pool_size, of.pool_idle_ns); };
  const bool changes_first = first(now) != first(wanted);
  const bool changes_pool = of_pool(now) != of_pool(wanted);
  if ((changes_first && ours.are_settled) || (changes_pool && ours.pools_are_settled)) {
    return EBUSY;
  }
  // Only what changes is written: the rest may be read meanwhile.
  if (changes_first) {
    first(now) = first(wanted);
  }
  if (changes_pool) {
    of_pool(now) = of_pool(wanted);
  }
  now.slice_ns = wanted.slice_ns;
  now.max_blocking_ns = wanted.max_blocking_ns;
  now.monitor = wanted.monitor;
  return 0;
}

void set_slice(std::int64_t nanoseconds) {
  Guarded& ours = guarded();
  const SpinGuard hold(ours.lock);
  ours.now.slice_ns = nanoseconds;
}

}  // namespace weft::runtime
