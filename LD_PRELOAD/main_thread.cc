// main_thread.cc: the program's main() is called by weft, so that its pthread_exit unwinds to weft.
//
// Layer:  LD_PRELOAD. libc's own __libc_start_main would end the kernel thread that runs the main
// fiber then, and with it whatever else it runs.
#include "hooks/real.h"
#include "hooks/thread.h"

namespace weft::preload {
namespace {

using Main = int (*)(int, char**, char**);
using StartMain = int(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

constinit hooks::real::Next<"__libc_start_main", StartMain> real_start_main;
constinit Main main_of_program = nullptr;

int call_main(int argc, char** argv, char** envp) {
  return hooks::run_main(main_of_program, argc, argv, envp);
}

}  // namespace

// The same code serves old programs, which pass `init` and `fini`, and new ones, which do not.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): libc's name
extern "C" int __libc_start_main(Main main, int argc, char** argv, void (*init)(), void (*fini)(),
                                 void (*loader_fini)(), void* stack_end) {
  main_of_program = main;
  return real_start_main(call_main, argc, argv, init, fini, loader_fini, stack_end);
}

}  // namespace weft::preload
