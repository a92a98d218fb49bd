// settings.h: what the environment asks for, read once.
//
// Layer:  runtime.
#pragma once
#include <cstddef>

namespace weft::runtime {

struct Settings {
  std::size_t stack_bytes = 0;  // WEFT_STACK: 0 if not set
  int workers = 0;              // WEFT_WORKERS: 0 if not set
  bool verbose = false;         // WEFT_VERBOSE
};

/// Threads: any. A value that makes no sense is reported on standard error once, and ignored.
const Settings& settings();

/// `64K`, `8M`, `1G` or plain bytes. Zero if it is none of these.
std::size_t parse_size(const char* text);

}  // namespace weft::runtime
