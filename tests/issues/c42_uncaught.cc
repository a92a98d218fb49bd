// What nobody handles ends the process as natively, from any thread: uncaught exceptions, abort, a
// wild pointer, an exception through a destructor or noexcept.
#include <sys/resource.h>

#include <csignal>
#include <exception>
#include <stdexcept>
#include <thread>

#include "check.h"

namespace {

struct ThrowsAtTheEnd {
  ~ThrowsAtTheEnd() noexcept(false) { throw std::runtime_error("from a destructor"); }
};

void throws() { throw std::runtime_error("nobody catches this"); }
void throws_a_number() { throw 42; }
void aborts() { std::abort(); }
void dereferences() { *static_cast<volatile int*>(nullptr) = 1; }
void breaks_noexcept() {
  []() noexcept { throws(); }();
}
void throws_while_unwinding() {
  const ThrowsAtTheEnd object;
  throws();
}
void own_terminate_handler() {
  std::set_terminate([] { std::_Exit(std::current_exception() ? 9 : 8); });
  throws();
}
void raises() { std::raise(SIGTERM); }

void report(const char* name, void (*body)(), bool in_thread) {
  int status = 0;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    dup2(1, 2);
    in_thread ? std::thread(body).join() : body();
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child);
  std::printf("%s, %s: exited %d with %d, signal %d\n", name, in_thread ? "thread" : "main",
              WIFEXITED(status), WIFEXITED(status) ? WEXITSTATUS(status) : 0,
              WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

}  // namespace

int main() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  alarm(20);
  for (const bool in_thread : {false, true}) {
    report("an exception", throws, in_thread);
    report("a number", throws_a_number, in_thread);
    report("abort", aborts, in_thread);
    report("a wild pointer", dereferences, in_thread);
    report("noexcept", breaks_noexcept, in_thread);
    report("a destructor", throws_while_unwinding, in_thread);
    report("a terminate handler", own_terminate_handler, in_thread);
    report("a signal", raises, in_thread);
  }
}
