#include "weft/patch.h"

#include <cerrno>
#include <system_error>

#include "hooks/active.h"
#include "hooks/cancel.h"
#include "hooks/fork.h"
#include "hooks/real.h"
#include "hooks/sigaction.h"
#include "hooks/sync/user_word.h"
#include "hooks/thread.h"
#include "runtime/os.h"
#include "runtime/overflow.h"
#include "runtime/scheduler.h"
#include "runtime/signal_stack.h"

namespace weft {

void patch_all(const std::string& except) {
  hooks::real::find_all();
  runtime::os::set_thread_starter(hooks::real::pthread_create.get());
  runtime::overflow::set_recovery(hooks::sync::recover_from_fault);
  hooks::prepare_for_forks();
  if (runtime::Scheduler::current() != nullptr) {
    throw std::system_error(EALREADY, std::generic_category(),
                            "weft::patch_all: call it before the first weft::spawn, and once");
  }
  const std::uint32_t groups = hooks::groups("", except.c_str());
  if ((groups & static_cast<std::uint32_t>(hooks::Group::kSignal)) != 0) {
    runtime::SignalStack::are_per_fiber();
  }
  // With handoff where fibers can have their own TLS: a library's call that no hook reaches then
  // stops nobody. Else bound to this thread. One worker, since code that calls this may rely on
  // fibers to run one at a time while they do not wait, as it may in gevent.
  const bool started = hooks::threads_can_be_fibers()
                           ? runtime::Scheduler::start_process(1)
                           : runtime::Scheduler::current_or_start() != nullptr;
  if (!started) {
    throw std::system_error(EMFILE, std::generic_category(), "weft::patch_all");
  }
  hooks::handle_calls();
  hooks::active_groups = groups;
  if (hooks::is_on(hooks::Group::kSignal)) {
    hooks::take_over_handlers();
  }
}

}  // namespace weft
