// preload.cc: what happens before the program's first line, as a table.
//
// Layer:  LD_PRELOAD. The object is linked with -z initfirst: its constructor runs before those of
// all other libraries, so that threads and calls of theirs already pass through here. Only
// constant-initialised state may be used.
#include <climits>
#include <cstdlib>
#include <cstring>

#include "LD_PRELOAD/other_runtime.h"
#include "hooks/active.h"
#include "hooks/fork.h"
#include "hooks/handed_on.h"
#include "hooks/preload_list.h"
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

// Our entry of LD_PRELOAD. A copy: programs write over their environment (setproctitle).
struct OwnEntry {
  char text[PATH_MAX];
  std::size_t place;  // behind so many others
};
OwnEntry own_entry;

// Removes our entry from a list like "a.so:libweft_preload.so b.so", in place: it only gets
// shorter. Whether it was there.
bool remove_own_entry(char* list) {
  bool found = false;
  std::size_t others = 0;
  char* out = list;
  for (const char* in = hooks::first_entry(list); *in != '\0';) {
    const auto length = static_cast<std::size_t>(hooks::end_of_entry(in) - in);
    if (hooks::is_own_entry(in, length) && length < sizeof own_entry.text) {
      found = true;
      std::memcpy(own_entry.text, in, length);
      own_entry.text[length] = '\0';
      own_entry.place = others;
    } else {
      if (others++ > 0) {
        *out++ = ':';
      }
      std::memmove(out, in, length);
      out += length;
    }
    in = hooks::first_entry(in + length);
  }
  *out = '\0';
  return found;
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
  for (char** at = environment; at != nullptr && *at != nullptr;) {
    constexpr std::size_t kName = sizeof hooks::kPreloadVariable - 1;
    if (std::strncmp(*at, hooks::kPreloadVariable, kName) == 0) {
      if (remove_own_entry(*at + kName)) {
        hooks::hand_on(own_entry.text, own_entry.place);
      }
      if ((*at)[kName] == '\0') {
        for (char** rest = at; *rest != nullptr; ++rest) {
          rest[0] = rest[1];
        }
        continue;
      }
    }
    ++at;
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
    // Before anything can exec: the program's children run without us unless WEFT_FOLLOW=1. What
    // the process executes in its own place is the program that was asked for: it runs with us.
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
