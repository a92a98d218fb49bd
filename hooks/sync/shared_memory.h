// shared_memory.h: whether other processes may see a word of memory.
//
// Layer:  hooks.
#pragma once

namespace weft::hooks::sync {

/// Whether `address` lies in a MAP_SHARED mapping, by /proc/self/maps: some ten microseconds, so
/// only for futex calls that do not say FUTEX_PRIVATE_FLAG themselves. True if the file can't be
/// read.
bool is_shared_memory(const void* address);

}  // namespace weft::hooks::sync
