#include "hooks/replaced.h"

#include <dlfcn.h>

#include <algorithm>
#include <iterator>

#include "weft/patch.h"

namespace weft {
namespace hooks {
namespace {

// The rows of symbols.tsv that are hooked or emulated.
constexpr Replaced kReplaced[] = {
#include "hooks/replaced_symbols.inc"
};

}  // namespace

const Replaced* find_replaced(std::string_view name) {
  const auto* const found =
      std::ranges::find(kReplaced, name, [](const Replaced& one) { return one.name; });
  return found == std::end(kReplaced) ? nullptr : found;
}

bool is_reached(const char* name) {
  return ::dlsym(RTLD_DEFAULT, name) != detail::original_named(name);
}

}  // namespace hooks

void* detail::original_named(const char* name) {
  void* found = ::dlsym(RTLD_NEXT, name);
  asm("" : "+r"(found));  // no tail call: dlsym looks behind the object that it returns to
  return found;
}

// A program's address of a function may lie in the program itself (non-PIE), but the loader says
// the same one to everybody.
void* detail::original_of(void* function) {
  for (const hooks::Replaced& one : hooks::kReplaced) {
    if (::dlsym(RTLD_DEFAULT, one.name) == function) {
      return original_named(one.name);
    }
  }
  return function;
}

}  // namespace weft
