// preload_list.h: the entries of LD_PRELOAD, and which of them is weft's.
//
// Layer:  hooks.
#pragma once
#include <cstddef>
#include <cstring>

namespace weft::hooks {

inline constexpr char kPreloadVariable[] = "LD_PRELOAD=";
inline constexpr char kPreloadObject[] = "libweft_preload.so";
/// The loader takes both.
inline constexpr char kPreloadSeparators[] = ": ";

inline bool is_own_entry(const char* entry, std::size_t length) {
  constexpr std::size_t kLength = sizeof kPreloadObject - 1;
  return length >= kLength && std::memcmp(entry + length - kLength, kPreloadObject, kLength) == 0;
}

/// The first entry in `list`, or the end of it.
inline const char* first_entry(const char* list) {
  return list + std::strspn(list, kPreloadSeparators);
}
/// Behind the entry that begins at `entry`.
inline const char* end_of_entry(const char* entry) {
  return entry + std::strcspn(entry, kPreloadSeparators);
}

}  // namespace weft::hooks
