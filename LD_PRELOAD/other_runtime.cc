#include "LD_PRELOAD/other_runtime.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstring>

namespace weft::preload {
namespace {

// Go's linker marks what it links with a note (its build id).
constexpr char kGoNote[] = "Go\0";

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

bool has_go_note(const char* notes, std::size_t bytes) {
  for (std::size_t at = 0; at + sizeof(ElfW(Nhdr)) <= bytes;) {
    const auto* const note = reinterpret_cast<const ElfW(Nhdr)*>(notes + at);
    const char* const name = notes + at + sizeof *note;
    if (note->n_namesz == sizeof kGoNote && std::memcmp(name, kGoNote, sizeof kGoNote) == 0) {
      return true;
    }
    at += sizeof *note + padded(note->n_namesz) + padded(note->n_descsz);
  }
  return false;
}

// The first object is the program itself.
int look_for_go(dl_phdr_info* program, std::size_t, void* found) {
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = program->dlpi_phdr[i];
    if (segment.p_type == PT_NOTE) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader has addresses as numbers
      const auto* const notes = reinterpret_cast<const char*>(program->dlpi_addr + segment.p_vaddr);
      *static_cast<bool*>(found) |= has_go_note(notes, segment.p_memsz);
    }
  }
  return 1;
}

bool is_go() {
  bool found = false;
  ::dl_iterate_phdr(look_for_go, &found);
  return found;
}

// The launcher of HotSpot and OpenJ9 is linked with the library that has this.
bool is_java() { return ::dlsym(RTLD_DEFAULT, "JLI_Launch") != nullptr; }

struct Runtime {
  const char* name;
  bool (*is_there)();
};
constexpr Runtime kRuntimes[] = {{"Go", is_go}, {"Java", is_java}};

}  // namespace

const char* other_runtime() {
  for (const Runtime& known : kRuntimes) {
    if (known.is_there()) {
      return known.name;
    }
  }
  return nullptr;
}

}  // namespace weft::preload
