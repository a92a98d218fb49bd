// A program of the API's under `weft run`: a signal handler that waits lets other fibers run in the
// middle of what it has interrupted. So nothing may be done by halves, as is right where there is
// one thread: libc is told that there are several.
#include <signal.h>
#include <sys/single_threaded.h>
#include <unistd.h>
#include <weft/weft.h>

#include <cstdio>

namespace {
bool has_run = false;
}

int main() {
  const auto other = weft::spawn([] { has_run = true; });
  ::signal(SIGUSR1, [](int) { ::usleep(1000); });
  ::raise(SIGUSR1);
  const bool handler_let_run = has_run;  // not natively
  const bool is_one_thread = ::__libc_single_threaded != 0;
  std::printf("others run within one thread: %d\n", handler_let_run && is_one_thread);
  other.join();
}
