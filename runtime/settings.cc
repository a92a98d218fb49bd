#include "runtime/settings.h"

#include <cstdlib>
#include <limits>

#include "runtime/check.h"

namespace weft::runtime {
namespace {

const char* value_of(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_on(const char* name) {
  const char* const value = value_of(name);
  return *value != '\0' && !(value[0] == '0' && value[1] == '\0');
}

// Whoever misspells this one would wait for reports that never come.
bool is_one(const char* name) {
  const char* const value = value_of(name);
  const bool is_digit = (value[0] == '0' || value[0] == '1') && value[1] == '\0';
  if (*value != '\0' && !is_digit) {
    print_line("weft: ", name, " is neither 0 nor 1: '", value, "'. It is ignored.");
  }
  return is_digit && value[0] == '1';
}

std::size_t size_of(const char* name) {
  const char* const value = value_of(name);
  const std::size_t size = parse_size(value);
  if (*value != '\0' && size == 0) {
    print_line("weft: ", name, " is not a size: '", value,
               "'. It is ignored; write for example 64K or 8M.");
  }
  return size;
}

int count_of(const char* name, std::size_t most, const char* range) {
  const char* const value = value_of(name);
  const std::size_t count = parse_size(value);
  if (*value != '\0' && (count == 0 || count > most)) {
    print_line("weft: ", name, range, value, "'. It is ignored.");
    return 0;
  }
  return static_cast<int>(count);
}

Settings read_settings() {
  constexpr std::size_t kMost = 4096;
  constexpr const char* kRange = " is not a number from 1 to 4096: '";
  Settings read;
  read.stack_bytes = size_of("WEFT_STACK");
  read.workers = count_of("WEFT_WORKERS", kMostWorkers, " is not a number from 1 to 256: '");
  if (const int threads = count_of("WEFT_MAX_THREADS", kMost, kRange); threads != 0) {
    read.max_threads = threads;
  }
  if (const int milliseconds = count_of("WEFT_SLICE", kMost, kRange); milliseconds != 0) {
    constexpr std::int64_t kMillisecond = 1'000'000;
    read.slice_ns = milliseconds * kMillisecond;
  }
  read.monitor = is_one("WEFT_MONITOR");
  read.verbose = is_on("WEFT_VERBOSE");
  return read;
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

const Settings& settings() {
  static const Settings read = read_settings();
  return read;
}

}  // namespace weft::runtime
