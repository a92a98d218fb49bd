#include <weft/config.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "runtime/api_error.h"
#include "runtime/settings.h"

namespace weft {
namespace {

using runtime::Setting;
using runtime::Settings;

constexpr std::int64_t kMillisecond = 1'000'000;

[[noreturn]] void refuse(Setting setting) {
  const runtime::SettingRow& row = runtime::row_of(setting);
  throw std::system_error(
      EINVAL, std::generic_category(),
      std::string("weft::configure: ") + row.variable + " is not " + row.limits);
}

// `unit`: how many of the code's are one of the variable's.
std::int64_t within(Setting setting, std::int64_t value, std::int64_t unit = 1) {
  const runtime::SettingRow& row = runtime::row_of(setting);
  if (value < static_cast<std::int64_t>(row.least) * unit ||
      value > static_cast<std::int64_t>(row.most) * unit) {
    refuse(setting);
  }
  return value;
}

int count(Setting setting, int value) { return static_cast<int>(within(setting, value)); }

std::int64_t time(Setting setting, std::chrono::nanoseconds value) {
  return within(setting, value.count(), kMillisecond);
}

// Zero stands for the default there.
std::size_t size(std::optional<std::size_t> bytes) {
  if (bytes == 0U) {
    refuse(Setting::kStack);
  }
  return bytes.value_or(0);
}

template <class T>
std::optional<T> unless_zero(T value) {
  return value == T(0) ? std::nullopt : std::optional(value);
}

Settings checked(const Config& wanted) {
  Settings valid;
  valid.stack_bytes = size(wanted.stack_bytes);
  valid.workers = wanted.workers ? count(Setting::kWorkers, *wanted.workers) : 0;
  valid.max_threads = count(Setting::kMaxThreads, wanted.max_threads);
  valid.seed = wanted.seed;
  valid.has_ring = wanted.io_uring;
  valid.slice_ns = time(Setting::kSlice, wanted.switch_interval);
  valid.monitor = wanted.monitor;
  valid.max_blocking_ns =
      wanted.max_blocking_time ? time(Setting::kMaxBlocking, *wanted.max_blocking_time) : 0;
  valid.pool_size = count(Setting::kPoolSize, wanted.threadpool_size);
  valid.pool_idle_ns = time(Setting::kPoolIdle, wanted.threadpool_idle);
  return valid;
}

}  // namespace

Config config() {
  const Settings now = runtime::copy_of_settings();
  return {.stack_bytes = unless_zero(now.stack_bytes),
          .workers = unless_zero(now.workers),
          .max_threads = now.max_threads,
          .seed = now.seed,
          .io_uring = now.has_ring,
          .switch_interval = std::chrono::nanoseconds(now.slice_ns),
          .monitor = now.monitor,
          .max_blocking_time = unless_zero(std::chrono::nanoseconds(now.max_blocking_ns)),
          .threadpool_size = now.pool_size,
          .threadpool_idle = std::chrono::nanoseconds(now.pool_idle_ns)};
}

void configure(const Config& wanted) {
  if (const int error = runtime::change_settings(checked(wanted)); error != 0) {
    detail::throw_errno(error, "weft::configure: too late for one of these settings");
  }
}

std::chrono::nanoseconds switch_interval() {
  return std::chrono::nanoseconds(runtime::settings().slice_ns);
}

void set_switch_interval(std::chrono::nanoseconds interval) {
  runtime::set_slice(time(Setting::kSlice, interval));
}

}  // namespace weft
