// replaced.h: the functions of libc that hooks replace, by name. hooks/symbols.tsv in the program.
//
// Layer:  hooks. Only in libweft_hooks: who preloads weft has nobody to ask.
#pragma once
#include <string_view>

#include "weft/call_group.h"

namespace weft::hooks {

struct Replaced {
  const char* name;
  CallGroup group;
};

/// The entry of that name; null if weft leaves it alone.
const Replaced* find_replaced(std::string_view name);

/// Whether the program's calls of that function come here first, and not to libc.
bool is_reached(const char* name);

}  // namespace weft::hooks
