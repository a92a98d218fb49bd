// weft/detail/shielded.h: waits that nobody calls off. No part of the API.
//
// Layer:  runtime, public headers only.
#pragma once

namespace weft::detail {

/// As long as it lives, the waits of the calling fiber are not ended by AnyFiber::kill() nor by a
/// Timeout: for destructors, and to get back a lock. They are afterwards. Off a fiber it does
/// nothing.
class Shielded {
 public:
  Shielded();
  Shielded(const Shielded&) = delete;
  Shielded& operator=(const Shielded&) = delete;
  ~Shielded();

 private:
  void* const fiber_;
};

}  // namespace weft::detail
