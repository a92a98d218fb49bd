// cancel.cc: pthread_cancel, as a table; and the signal that calls a fiber.
//
// A fiber is marked as libc marks a thread, and called (Scheduler::call). It acts by
// pthread_testcancel, which unwinds it on its own stack. That happens
//   at the cancellation points of hooks: before and behind their wait;
//   in any wait of hooks, if its type is asynchronous;
//   where it runs, by a signal: in the program's own code if its type is asynchronous, and in
//   libc's cancellation points, which make it asynchronous for the time of their system call.
// The signal is libc's own, with another handler: libc's cancels whoever runs on the kernel thread.
#include "hooks/cancel.h"

#include <link.h>
#include <signal.h>
#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "hooks/real.h"
#include "hooks/thread.h"
#include "runtime/interruptible.h"
#include "runtime/kernel_action.h"
#include "runtime/os.h"
#include "runtime/scheduler.h"
#include "runtime/tcb.h"

namespace weft::hooks {

using runtime::Fiber;

namespace {

// Where the machine code of one loaded object lies.
struct Code {
  std::uintptr_t start = 0;
  std::uintptr_t end = 0;
  [[nodiscard]] bool contains(std::uintptr_t address) const {
    return address >= start && address < end;
  }
};
constinit Code runtime_code;
constinit Code hooks_code;
constinit Code switch_code;

std::uintptr_t program_counter(const void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(registers.gregs[REG_RIP]);
#else
  return static_cast<std::uintptr_t>(registers.pc);
#endif
}

// The signal may come late: then another fiber runs here, or none, and has nothing to act on. In
// weft's own code nothing is done: the monitor sends another one, or the hook acts.
void on_call(int /*signal*/, siginfo_t* /*info*/, void* context) {
  Fiber* const self = runtime::current();
  if (self == nullptr || interrupts_weft(context) ||
      (!runtime::fiber_signals::can_run(*self) && !runtime::must_cancel_at_once(*self))) {
    return;
  }
  // Who does not return from here must not leave the signal blocked: its kernel thread lives on.
  runtime::running.worker->apply_signal_mask(self->signal_mask.load());
  const int saved_errno = errno;
  runtime::fiber_signals::raise_pending(*self);  // the interrupted call hears of what has run
  if (runtime::must_cancel_at_once(*self)) {
    ::pthread_testcancel();
  }
  errno = saved_errno;
}

// A kernel thread of the program's is cancelled by libc.
constinit std::atomic<decltype(runtime::KernelAction::handler)> handler_of_libc{nullptr};

void on_cancel_signal(int signal, siginfo_t* info, void* context) {
  if (runtime::running.worker != nullptr) {
    on_call(signal, info, context);
  } else if (runtime::held_locks.postpone(*info, context)) {
    return;
  } else if (auto* const handler = handler_of_libc.load()) {
    handler(signal, info, context);
  }
}

int note_code(dl_phdr_info* info, std::size_t, void*) {
  const auto runtime_address = reinterpret_cast<std::uintptr_t>(&runtime::interrupt);
  const auto hooks_address = reinterpret_cast<std::uintptr_t>(&on_cancel_signal);
  const auto switch_address = reinterpret_cast<std::uintptr_t>(runtime::switch_code());
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    const std::uintptr_t start = info->dlpi_addr + segment.p_vaddr;
    const Code code = {start, start + segment.p_memsz};
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) {
      continue;
    }
    if (code.contains(runtime_address)) {
      runtime_code = code;
    }
    if (code.contains(hooks_address)) {
      hooks_code = code;
    }
    if (code.contains(switch_address)) {
      switch_code = code;
    }
  }
  return 0;
}

constinit std::atomic<bool> is_handled{false};

// libc sets its handler with the first pthread_cancel, and never again.
void replace_handler_of_libc() {
  const runtime::KernelAction action = runtime::kernel_action(runtime::os::kCancelSignal);
  if (action.handler != on_cancel_signal) {
    handler_of_libc = action.handler;
    is_handled = false;
    handle_calls();
  }
}

int cancel(pthread_t thread) {
  Fiber* const fiber = any_fiber_of(thread);
  if (fiber != nullptr && (fiber->end_state.load() & Fiber::kHasEnded) != 0) {
    return 0;
  }
  // Where the type is asynchronous libc only sends its signal, to a thread that the kernel does not
  // know.
  const int error = real::pthread_cancel(thread);
  replace_handler_of_libc();
  if (fiber == nullptr || !fiber->own_tls) {
    return error;
  }
  runtime::tcb::mark_cancelled(fiber->thread_pointer);
  if (!fiber->cancelled.exchange(true)) {
    fiber->scheduler->call(*fiber);
  }
  return 0;
}

}  // namespace

bool interrupts_switch(const void* context) {
  return switch_code.contains(program_counter(context)) ||
         runtime::running.worker->mode.load(std::memory_order_relaxed) ==
             runtime::WorkerMode::kRuntime;
}

bool interrupts_weft(const void* context) {
  const std::uintptr_t at = program_counter(context);
  return runtime::held_locks.count != 0 || runtime_code.contains(at) || hooks_code.contains(at) ||
         interrupts_switch(context);
}

void handle_calls() {
  if (is_handled.exchange(true)) {
    return;
  }
  ::dl_iterate_phdr(note_code, nullptr);
  // Deferred: senders may be quicker than the stack is deep.
  runtime::set_kernel_handler(runtime::os::kCancelSignal, on_cancel_signal, SA_RESTART, 0);
}

bool calls_are_handled() { return is_handled.load(); }

// clang-format off
extern "C" {
// symbol, signature                  how
int pthread_cancel(pthread_t t)      { return cancel(t); }
}
// clang-format on

}  // namespace weft::hooks
