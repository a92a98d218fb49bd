#include "runtime/overflow.h"

#include <signal.h>

#include <atomic>
#include <cstddef>

#include "runtime/check.h"
#include "runtime/context.h"
#include "runtime/kernel_action.h"
#include "runtime/sys.h"

namespace weft::runtime::overflow {
namespace {

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

constinit std::atomic<bool (*)(void* context)> recovery{nullptr};

void on_segv(int signal, siginfo_t* info, void* context) {
  const auto recovers = recovery.load(std::memory_order_relaxed);
  if (recovers != nullptr && recovers(context)) {
    return;
  }
  const Fiber* const fiber = current();
  if (fiber != nullptr && !fiber->is_main &&
      in_guard(fiber->memory, fiber->stack_low, info->si_addr)) {
    report(*fiber);
  }
  // The faulting instruction runs again, now without a handler: the process dies by the signal,
  // with a core if wanted.
  set_default_action(signal);
}

}  // namespace

void set_recovery(bool (*recovers)(void* context)) { recovery = recovers; }

bool has_handler() { return kernel_action(SIGSEGV).handler == on_segv; }

void watch() {
  if (kernel_action(SIGSEGV).is_default()) {
    set_kernel_handler(SIGSEGV, on_segv, SA_ONSTACK, 0);
  }
}

}  // namespace weft::runtime::overflow
