#include "weft/patch.h"

#include <dlfcn.h>

#include <cerrno>
#include <system_error>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/fork.h"
#include "hooks/preload_list.h"
#include "hooks/real.h"
#include "hooks/replaced.h"
#include "hooks/sigaction.h"
#include "hooks/sync/user_word.h"
#include "hooks/thread.h"
#include "runtime/os.h"
#include "runtime/overflow.h"
#include "runtime/scheduler.h"
#include "runtime/signal_stack.h"

namespace weft {
namespace {

[[noreturn]] void refuse(int error, const char* why) {
  throw std::system_error(error, std::generic_category(), why);
}

// `weft run` has the same hooks, in an object of its own.
bool is_preloaded() {
  void* const preload = ::dlopen(hooks::kPreloadObject, RTLD_NOW | RTLD_NOLOAD);
  return preload != nullptr && ::dlclose(preload) == 0;
}

void check_in_time() {
  if (is_preloaded()) {
    refuse(EALREADY, "weft::patch_all: `weft run` has patched this process already");
  }
  if (hooks::active_groups != 0) {
    refuse(EALREADY, "weft::patch_all: this process is patched already");
  }
  if (runtime::Scheduler::current() != nullptr) {
    refuse(EALREADY,
           "weft::patch_all: too late, this thread has fibers; call it before the first "
           "weft::spawn");
  }
  if (!hooks::is_reached("read")) {
    refuse(ENOTSUP,
           "weft::patch_all: libweft_hooks is not ahead of libc; link the program with "
           "-lweft_hooks");
  }
}

}  // namespace

void patch_all(const PatchOptions& options) {
  check_in_time();
  hooks::real::find_all();
  runtime::os::set_thread_starter(hooks::real::pthread_create.get());
  runtime::overflow::set_recovery(hooks::sync::recover_from_fault);
  hooks::prepare_for_forks();
  const CallGroups groups = options.only - options.except;
  if (groups.contains(CallGroup::kSignal)) {
    runtime::SignalStack::are_per_fiber();
  }
  // With handoff where fibers can have their own TLS: a library's call that no hook reaches then
  // stops nobody. Else bound to this thread. One worker, since code that calls this may rely on
  // fibers to run one at a time while they do not wait, as it may in gevent.
  const bool started = hooks::threads_can_be_fibers()
                           ? runtime::Scheduler::start_process(1)
                           : runtime::Scheduler::current_or_start() != nullptr;
  if (!started) {
    refuse(EMFILE, "weft::patch_all");
  }
  hooks::handle_calls();
  hooks::active_groups = groups.bits();
  if (hooks::is_on(CallGroup::kSignal)) {
    hooks::take_over_handlers();
  }
}

CallGroups patched_groups() { return CallGroups(hooks::active_groups.load()); }

bool is_patched(CallGroups groups) { return patched_groups().contains(groups); }

bool is_patched(std::string_view function) {
  const hooks::Replaced* const known = hooks::find_replaced(function);
  return known != nullptr && hooks::is_on(known->group) && hooks::is_reached(known->name);
}

}  // namespace weft
