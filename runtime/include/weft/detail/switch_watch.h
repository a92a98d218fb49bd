// weft/detail/switch_watch.h: what is seen of a fiber's switches. No part of the API:
// weft/assert_yields.h is.
//
// Layer:  runtime, public headers only.
#pragma once
#include <cstdint>

namespace weft::detail {

/// How often a fiber has let others run, and how long it never did. Touched by the fiber, and by
/// the worker that enters and leaves it.
struct SwitchWatch {
  std::uint64_t turns = 0;
  std::int64_t longest_ns = 0;  // of the stretches that are over
  std::int64_t since_ns = 0;    // when the last one began; -1: it is over
  SwitchWatch* outer = nullptr;
};

}  // namespace weft::detail
