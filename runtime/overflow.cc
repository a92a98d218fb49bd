#include "runtime/overflow.h"

#include <signal.h>

#include <atomic>
#include <cstddef>

#include "runtime/check.h"
#include "runtime/context.h"
#include "runtime/os.h"
#include "runtime/sys.h"

namespace weft::runtime::overflow {
namespace {

constexpr std::size_t kSignalStack = std::size_t{64} << 10;

struct Text {
  char bytes[24] = {};
};
Text decimal(std::size_t value) {
  Text text;
  int at = sizeof text.bytes - 1;
  do {
    text.bytes[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
  Text result;
  for (int i = 0; text.bytes[at] != '\0'; ++i, ++at) {
    result.bytes[i] = text.bytes[at];
  }
  return result;
}

void report(const Fiber& fiber) {
  const auto usable = static_cast<std::size_t>(fiber.stack_top - fiber.stack_low);
  const Text id = decimal(fiber.id);
  const Text kib = decimal(usable >> 10);
  print_line("weft: stack overflow in fiber ", id.bytes, " '",
             fiber.name[0] == '\0' ? "unnamed" : fiber.name, "'");
  print_line("weft: its stack has ", kib.bytes,
             " KiB. Give it more: WEFT_STACK=SIZE, `weft run --stack SIZE`, ",
             "pthread_attr_setstacksize, or SpawnOptions::stack_bytes.");
}

void on_segv(int signal, siginfo_t* info, void*) {
  const Fiber* const fiber = current();
  if (fiber != nullptr && !fiber->is_main &&
      in_guard(fiber->memory, fiber->stack_low, info->si_addr)) {
    report(*fiber);
  }
  // The faulting instruction runs again, now without a handler: the process dies by the signal,
  // with a core if wanted.
  struct sigaction fatal = {};
  fatal.sa_handler = SIG_DFL;
  ::sigaction(signal, &fatal, nullptr);
}

}  // namespace

void watch_this_thread() {
  struct sigaction old = {};
  const bool is_ours = ::sigaction(SIGSEGV, nullptr, &old) == 0 &&
                       (old.sa_flags & SA_SIGINFO) != 0 && old.sa_sigaction == on_segv;
  if (!is_ours && ((old.sa_flags & SA_SIGINFO) != 0 || old.sa_handler != SIG_DFL)) {
    return;
  }
  stack_t stack = {};
  if (::sigaltstack(nullptr, &stack) == 0 && (stack.ss_flags & SS_DISABLE) != 0) {
    stack = {.ss_sp = os::map(kSignalStack), .ss_flags = 0, .ss_size = kSignalStack};
    if (stack.ss_sp == nullptr || ::sigaltstack(&stack, nullptr) != 0) {
      return;
    }
  }
  struct sigaction ours = {};
  ours.sa_sigaction = on_segv;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&ours.sa_mask);
  ::sigaction(SIGSEGV, &ours, nullptr);
}

}  // namespace weft::runtime::overflow
