#include "hooks/quit.h"

#include <signal.h>

#include "hooks/real.h"
#include "runtime/scheduler.h"

namespace weft::hooks {
namespace {

// In a forked child there may be no monitor: then only the default action is left.
void on_quit(int signal) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  if (scheduler == nullptr || !scheduler->monitor().report_and_quit()) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
  }
}

}  // namespace

void report_on_quit() {
  struct sigaction action = {};
  // Set past the table of handlers: a hung program's main fiber could not run it.
  if (real::sigaction(SIGQUIT, nullptr, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0 ||
      action.sa_handler != SIG_DFL) {
    return;
  }
  action.sa_handler = on_quit;
  action.sa_flags = SA_RESTART;
  real::sigaction(SIGQUIT, &action, nullptr);
}

}  // namespace weft::hooks
