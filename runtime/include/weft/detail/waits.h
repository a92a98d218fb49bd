// weft/detail/waits.h: waits for many objects at once. No part of the API: weft/wait.h is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <weft/detail/wait_point.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace weft::detail {

/// Waits that begin with add() and end with the object's life, or theirs. Of one fiber or thread.
class Waits {
 public:
  Waits();
  Waits(Waits&&) noexcept;
  Waits& operator=(Waits&&) noexcept;
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;
  ~Waits();

  /// They are numbered from 0.
  void add(const WaitPoint& point);
  /// The number of the next object that has become ready; nothing when the deadline has passed, or
  /// none is left.
  std::optional<std::size_t> next(std::int64_t deadline, const char* call);

 private:
  struct Set;
  std::unique_ptr<Set> set_;
  std::size_t left_ = 0;
};

}  // namespace weft::detail
