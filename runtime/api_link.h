// api_link.h: what a fiber's end sets off.
//
// Layer:  runtime.
#pragma once
#include <weft/detail/link.h>

#include <cstdint>

namespace weft::detail {

enum class Links : std::uint8_t { kPlain, kAll };

/// Takes the task's links out and runs them. On the fiber that ends; all of them only behind
/// `ended`.
void run_links(Task& task, Links which);

}  // namespace weft::detail
