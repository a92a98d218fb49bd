// preload.cc: what happens before the program's first line, as a table.
//
// Layer:  LD_PRELOAD. The object is linked with -z initfirst: its constructor runs before those of
// all other libraries, so that threads and calls of theirs already pass through here. Only
// constant-initialised state may be used.
#include <cstdlib>
#include <cstring>

#include "LD_PRELOAD/other_runtime.h"
#include "hooks/active.h"
#include "hooks/fork.h"
#include "hooks/real.h"
#include "hooks/sync/user_word.h"
#include "runtime/check.h"
#include "runtime/fiber_signals.h"
#include "runtime/os.h"
#include "runtime/overflow.h"
#include "runtime/signal_stack.h"

namespace weft::preload {
namespace {

// The environment as the loader hands it to constructors: libc's own `environ` is the same array.
char** environment = nullptr;

const char* variable(const char* name) {
  const std::size_t length = std::strlen(name);
  for (char** at = environment; at != nullptr && *at != nullptr; ++at) {
    if (std::strncmp(*at, name, length) == 0 && (*at)[length] == '=') {
      return *at + length + 1;
    }
  }
  return nullptr;
}

bool is_ours(const char* entry, std::size_t length) {
  constexpr const char kName[] = "libweft_preload.so";
  constexpr std::size_t kLength = sizeof kName - 1;
  return length >= kLength && std::memcmp(entry + length - kLength, kName, kLength) == 0;
}

// Removes our entry from a list like "a.so:libweft_preload.so b.so", in place: it only gets
// shorter.
void remove_own_entry(char* list) {
  char* out = list;
  const char* in = list;
  while (*in != '\0') {
    const std::size_t length = std::strcspn(in, ": ");
    if (length > 0 && !is_ours(in, length)) {
      if (out != list) {
        *out++ = ':';
      }
      std::memmove(out, in, length);
      out += length;
    }
    in += length;
    in += *in != '\0' ? 1 : 0;
  }
  *out = '\0';
}

void find_next_definitions() {
  hooks::real::find_all();
  runtime::os::set_thread_starter(hooks::real::pthread_create.get());
  runtime::overflow::set_recovery(hooks::sync::recover_from_fault);
}

void stop_at_this_program() {
  const char* const follow = variable("WEFT_FOLLOW");
  if (follow != nullptr && std::strcmp(follow, "1") == 0) {
    return;
  }
  for (char** at = environment; at != nullptr && *at != nullptr; ++at) {
    constexpr const char kPreload[] = "LD_PRELOAD=";
    constexpr std::size_t kLength = sizeof kPreload - 1;
    if (std::strncmp(*at, kPreload, kLength) != 0) {
      continue;
    }
    remove_own_entry(*at + kLength);
    if ((*at)[kLength] == '\0') {
      for (char** rest = at; *rest != nullptr; ++rest) {
        rest[0] = rest[1];
      }
    }
    return;
  }
}

void watch_forks() { hooks::prepare_for_forks(); }

// The program's runtime that weft leaves alone; null if it is none of those.
const char* left_alone = nullptr;

void look_for_other_runtimes() { left_alone = other_runtime(); }

void turn_on() {
  if (left_alone != nullptr) {
    return;
  }
  const char* const enabled = variable("WEFT_ENABLE");
  const char* const disabled = variable("WEFT_DISABLE");
  hooks::active_groups =
      hooks::groups(enabled == nullptr ? "" : enabled, disabled == nullptr ? "" : disabled);
  if (hooks::is_on(hooks::Group::kSignal)) {
    runtime::SignalStack::are_per_fiber();
    runtime::fiber_signals::handlers_are_announced();  // exec has left none that was not
  }
}

void announce() {
  const char* const verbose = variable("WEFT_VERBOSE");
  if (verbose == nullptr || std::strcmp(verbose, "1") != 0) {
    return;
  }
  if (left_alone != nullptr) {
    runtime::print_line("weft: off; this is a program of ", left_alone,
                        ", whose runtime schedules by itself: it runs natively");
  } else {
    runtime::print_line("weft: on; threads of this process are fibers");
  }
}

struct Step {
  const char* name;
  void (*run)();
};

constexpr Step kStartup[] = {
    // First: every later step, and every hook, may call through.
    {"find next definitions", find_next_definitions},
    // Before anything can exec: the program's children run without us unless WEFT_FOLLOW=1.
    {"stop at this program", stop_at_this_program},
    // Before any other library registers fork handlers: in a child ours must run first.
    {"watch forks", watch_forks},
    // Before anything is on.
    {"look for other runtimes", look_for_other_runtimes},
    // Last: from here on hooks are cooperative. The scheduler itself starts with the first thread.
    {"turn on", turn_on},
    {"announce", announce},
};

[[gnu::constructor]] void start(int, char**, char** envp) {
  environment = envp;
  for (const Step& step : kStartup) {
    step.run();
  }
}

}  // namespace
}  // namespace weft::preload
