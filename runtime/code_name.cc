#include "runtime/code_name.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>

namespace weft::runtime {
namespace {

struct Symbols {
  const ElfW(Sym) * all;
  std::size_t count;
  const char* names;
};

// How many symbols there are is said by the table of their hashes only: the last one is at the end
// of the longest-reaching chain. Layout: https://flapenguin.me/elf-dt-gnu-hash
std::size_t count_symbols(const std::uint32_t* table) {
  const std::uint32_t buckets = table[0];
  const std::uint32_t first = table[1];
  const std::uint32_t filter_words = table[2];
  const std::uint32_t* const bucket = table + 4 + filter_words * (sizeof(ElfW(Addr)) / 4);
  const std::uint32_t* const chain = bucket + buckets;
  std::uint32_t last = buckets == 0 ? 0 : *std::max_element(bucket, bucket + buckets);
  if (last < first) {
    return first;
  }
  while ((chain[last - first] & 1) == 0) {
    ++last;
  }
  return last + 1;
}

Symbols symbols_of(const link_map& object) {
  Symbols symbols = {};
  const std::uint32_t* hashes = nullptr;
  for (const ElfW(Dyn)* entry = object.l_ld; entry->d_tag != DT_NULL; ++entry) {
    // The loader has made addresses of these, but not in the kernel's own object.
    ElfW(Addr) address = entry->d_un.d_ptr;
    address += address < object.l_addr ? object.l_addr : 0;
    const auto* const at =
        reinterpret_cast<const void*>(address);  // NOLINT(performance-no-int-to-ptr)
    if (entry->d_tag == DT_SYMTAB) {
      symbols.all = static_cast<const ElfW(Sym)*>(at);
    } else if (entry->d_tag == DT_STRTAB) {
      symbols.names = static_cast<const char*>(at);
    } else if (entry->d_tag == DT_GNU_HASH) {
      hashes = static_cast<const std::uint32_t*>(at);
    }
  }
  if (symbols.all != nullptr && symbols.names != nullptr && hashes != nullptr) {
    symbols.count = count_symbols(hashes);
  }
  return symbols;
}

// Of several names for the same code the one with the fewest underscores ahead: that of man pages.
const char* function_at(const Symbols& symbols, std::uintptr_t offset) {
  const char* best = nullptr;
  for (std::size_t i = 0; i < symbols.count; ++i) {
    const ElfW(Sym)& symbol = symbols.all[i];
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF ||
        offset < symbol.st_value || offset - symbol.st_value >= symbol.st_size) {
      continue;
    }
    const char* const name = symbols.names + symbol.st_name;
    if (best == nullptr || std::strspn(name, "_") < std::strspn(best, "_")) {
      best = name;
    }
  }
  return best;
}

}  // namespace

CodeName code_name(std::uintptr_t address) {
  dl_find_object found = {};
  void* const at = reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
  if (::_dl_find_object(at, &found) != 0 || found.dlfo_link_map == nullptr) {
    return {};
  }
  const link_map& object = *found.dlfo_link_map;
  const char* const path = object.l_name;
  const char* const slash = std::strrchr(path, '/');
  const char* const name = slash == nullptr ? path : slash + 1;
  const std::uintptr_t offset = address - object.l_addr;
  return {*name == '\0' ? nullptr : name, offset, function_at(symbols_of(object), offset)};
}

}  // namespace weft::runtime
