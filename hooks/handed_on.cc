#include "hooks/handed_on.h"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "hooks/preload_list.h"
#include "runtime/os.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

constinit const char* own_entry = nullptr;
constinit std::size_t own_place = 0;
constinit pid_t process = 0;

pid_t process_id() { return static_cast<pid_t>(sys::call(SYS_getpid)); }

// Whether memory can be read, asked of the kernel: a call with a wrong pointer fails, and the
// program does not die of it. Remembers one page.
class Readable {
 public:
  bool has(const char* byte) {
    const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(byte) & ~(runtime::os::kPage - 1);
    // It reads the set before it refuses to do such a thing with it.
    constexpr int kNothing = -1;
    if (page != known_ &&
        sys::call(SYS_rt_sigprocmask, kNothing, page, nullptr, sys::kSignalMaskBytes) != -EINVAL) {
      return false;
    }
    known_ = page;
    return true;
  }

  bool has_pointer(const void* at) {
    const auto* const first = static_cast<const char*>(at);
    return has(first) && has(first + sizeof(void*) - 1);
  }

  bool has_text(const char* text) {
    for (; has(text); ++text) {
      if (*text == '\0') {
        return true;
      }
    }
    return false;
  }

 private:
  std::uintptr_t known_ = ~std::uintptr_t{0};  // no page begins there
};

struct Given {
  std::size_t entries = 0;
  const char* list = nullptr;  // what LD_PRELOAD is; null if there is none
  std::size_t at = 0;          // which entry it is
};

// False: it can't be read.
bool look_through(char* const* environment, Given* found) {
  Readable pointers;
  Readable texts;
  for (;; ++found->entries) {
    char* const* const at = environment + found->entries;
    if (!pointers.has_pointer(at)) {
      return false;
    }
    const char* text = *at;
    if (text == nullptr) {
      return true;
    }
    const char* name = kPreloadVariable;
    for (; *name != '\0'; ++name, ++text) {
      if (!texts.has(text)) {
        return false;
      }
      if (*text != *name) {
        break;
      }
    }
    if (*name != '\0') {
      continue;
    }
    if (!texts.has_text(text)) {
      return false;
    }
    found->list = text;  // of several the loader takes the last
    found->at = found->entries;
  }
}

bool has_own_entry(const char* list) {
  for (const char* at = first_entry(list); *at != '\0'; at = first_entry(end_of_entry(at))) {
    if (is_own_entry(at, static_cast<std::size_t>(end_of_entry(at) - at))) {
      return true;
    }
  }
  return false;
}

const char* behind_entries(const char* list, std::size_t count) {
  const char* at = first_entry(list);
  for (; count > 0 && *at != '\0'; --count) {
    at = first_entry(end_of_entry(at));
  }
  return at;
}

char* append(char* out, const char* text, std::size_t length) {
  std::memcpy(out, text, length);
  return out + length;
}

// LD_PRELOAD with our entry in the list. Writes at most a separator more than the three.
void write_variable(char* out, const char* list) {
  const char* const rest = behind_entries(list, own_place);
  out = append(out, kPreloadVariable, std::strlen(kPreloadVariable));
  out = append(out, list, static_cast<std::size_t>(rest - list));
  const bool is_apart = rest == list || std::strchr(kPreloadSeparators, rest[-1]) != nullptr;
  out = append(out, ":", is_apart ? 0 : 1);
  out = append(out, own_entry, std::strlen(own_entry));
  out = append(out, ":", *rest != '\0' ? 1 : 0);
  out = append(out, rest, std::strlen(rest));
  *out = '\0';
}

}  // namespace

void hand_on(const char* entry, std::size_t place) {
  own_entry = entry;
  own_place = place;
  process = process_id();
}

void hand_on_no_more() { own_entry = nullptr; }

bool hands_on() { return own_entry != nullptr && process_id() == process; }

HandedOn::HandedOn(char* const* given) : environment_(given) {
  static char* const kEmpty[] = {nullptr};
  if (given == nullptr) {
    given = kEmpty;  // as the kernel takes it
  }
  Given found;
  if (!look_through(given, &found) || (found.list != nullptr && has_own_entry(found.list))) {
    return;
  }
  const char* const list = found.list != nullptr ? found.list : "";
  const std::size_t entries = found.entries + (found.list != nullptr ? 0 : 1);
  const std::size_t bytes_of_text =
      std::strlen(kPreloadVariable) + std::strlen(own_entry) + std::strlen(list) + sizeof ":";
  const std::size_t bytes_of_pointers = (entries + 1) * sizeof(char*);
  void* const memory = room_.take(bytes_of_pointers + bytes_of_text);
  if (memory == nullptr) {
    return;
  }
  auto** const environment = static_cast<char**>(memory);
  char* const variable = static_cast<char*>(memory) + bytes_of_pointers;
  std::memcpy(environment, given, found.entries * sizeof(char*));
  environment[found.list != nullptr ? found.at : found.entries] = variable;
  environment[entries] = nullptr;
  write_variable(variable, list);
  environment_ = environment;
}

}  // namespace weft::hooks
