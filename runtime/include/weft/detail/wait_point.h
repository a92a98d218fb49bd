// weft/detail/wait_point.h: how weft::wait() waits for an object. No part of the API.
//
// Layer:  runtime, public headers only.
#pragma once

namespace weft::detail {

/// Where an object's waiters wait. announce(object) is called under the lock of `address` in the
/// parking lot: it returns false if the object is ready, and else sees to it that whoever makes it
/// ready wakes the waiters at `address`.
struct WaitPoint {
  const void* address = nullptr;
  const void* object = nullptr;
  bool (*announce)(const void* object) = nullptr;
};

}  // namespace weft::detail
