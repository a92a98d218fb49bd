// os.h: memory straight from the kernel, for tables that must not go through the program's malloc.
//
// Layer:  runtime.
#pragma once
#include <cstddef>

namespace weft::runtime::os {

/// `bytes` of zeroed memory, reserved and committed on first touch. Null when the kernel refuses.
[[nodiscard]] void* map(std::size_t bytes);
void unmap(void* memory, std::size_t bytes);

/// Grows or moves a mapping of `map`; the new part is zero. Null, and the old mapping intact, when refused.
[[nodiscard]] void* remap(void* memory, std::size_t old_bytes, std::size_t new_bytes);

inline constexpr std::size_t kPage = 4096;

}  // namespace weft::runtime::os
