// weft/detail/time_limit.h: what a Timeout and the runtime share. No part of the API.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/detail/time.h>

#include <cstdint>
#include <exception>

namespace weft::detail {

/// A moment after which a fiber's waits are called off, once. It belongs to the fiber that runs.
struct TimeLimit {
  std::int64_t deadline = kNever;
  std::uint64_t id = 0;
  std::exception_ptr error;  // to throw then; null: weft::TimeoutError
  bool has_passed = false;   // and a wait was called off for it
  TimeLimit* next = nullptr;
};

}  // namespace weft::detail
