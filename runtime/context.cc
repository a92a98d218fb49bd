#include "runtime/context.h"

#include <cxxabi.h>

#include <atomic>
#include <boost/context/detail/fcontext.hpp>
#include <cerrno>

#include "runtime/arch/jump.h"
#include "runtime/arch/thread_pointer.h"
#include "runtime/check.h"
#include "runtime/worker.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace weft::runtime {

namespace context = boost::context::detail;

constinit thread_local Running running = {nullptr, nullptr};

namespace {

// Crosses the switch, on the left fiber's stack: read before anybody may enter that fiber again.
struct Crossing {
  Fiber* left;
  AfterSwitch after;
};

// What lies in TLS that fibers of one kernel thread share, and belongs to each of them: where it
// is. To ask libc and libstdc++ for that at each switch would take longer than the switch.
struct SharedTls {
  ExceptionGlobals* exceptions = nullptr;  // libstdc++'s, of exceptions in flight
  int* error = nullptr;
};
constinit thread_local SharedTls shared_tls [[gnu::tls_model("initial-exec")]];

// Not inlined, here and below: a compiler may keep an address into TLS for a whole function, and
// here TLS changes in the middle.
[[gnu::noinline]] SharedTls find_shared_tls() {
  shared_tls = {reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals()), &errno};
  return shared_tls;
}
inline SharedTls current_shared_tls() {
  return shared_tls.error != nullptr ? shared_tls : find_shared_tls();
}
[[gnu::noinline]] void restore_shared(const Fiber* fiber) {
  const SharedTls tls = current_shared_tls();
  *tls.exceptions = fiber->exceptions;
  *tls.error = fiber->saved_errno;
}

// In the TLS of whom the kernel thread will run, before the thread pointer is: so a signal finds
// its own worker at any moment (hooks/credentials.cc).
inline void set_running(void* thread_pointer, Fiber* fiber, Worker* worker) {
  const auto offset =
      reinterpret_cast<char*>(&running) - static_cast<char*>(arch::thread_pointer());
  *reinterpret_cast<Running*>(static_cast<char*>(thread_pointer) + offset) = {fiber, worker};
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// What is left of `from` in TLS is saved, and TLS is that of `to`.
[[gnu::noinline]] void change_tls(Fiber* from, Fiber* to) {
  if (!from->own_tls) {
    const SharedTls tls = current_shared_tls();
    from->exceptions = *tls.exceptions;
    from->saved_errno = *tls.error;
  }
  Worker* const worker = running.worker;
  // Null: that fiber borrows whatever TLS there is.
  if (from->thread_pointer != to->thread_pointer && to->thread_pointer != nullptr) {
    set_running(to->thread_pointer, to->visible, worker);
    arch::set_thread_pointer(to->thread_pointer);
  } else {
    running = {to->visible, worker};
  }
}

void enter(Fiber* from, Fiber* to) {
  change_tls(from, to);
#if defined(__SANITIZE_ADDRESS__)
  const bool ends = from->state.load() == FiberState::kEnded;
  __sanitizer_start_switch_fiber(ends ? nullptr : &from->fake_stack, to->asan_bottom,
                                 to->asan_size);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(to->tsan_fiber, 0);
#endif
}

// First code after a switch, on the entered fiber's stack.
void arrive(context::transfer_t transfer, Fiber* self) {
  const Crossing crossing = *static_cast<Crossing*>(transfer.data);
  crossing.left->context = transfer.fctx;
#if defined(__SANITIZE_ADDRESS__)
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
  crossing.left->asan_bottom = bottom;
  crossing.left->asan_size = size;
#endif
  if (crossing.after.run != nullptr) {
    crossing.after.run(crossing.left);
  }
  if (self->visible != nullptr) {
    self->worker.load(std::memory_order_relaxed)->entered_fiber();
  }
}

// In a function of its own, so that nothing of it is kept from before the switch.
[[gnu::noinline]] Fiber* entered(const context::transfer_t& transfer) {
  // An idle context is not current(): its worker knows it.
  static_cast<void>(transfer);
  return running.fiber != nullptr ? running.fiber : running.worker->idle;
}

[[noreturn]] void fiber_entry(context::transfer_t transfer) {
  Fiber* const self = entered(transfer);
  arrive(transfer, self);
  if (!self->own_tls) {
    self->exceptions = {};
    self->saved_errno = 0;
    restore_shared(self);
  }
  self->run(self);
  WEFT_CHECK(false, "a fiber ends by a switch, not by a return");
  __builtin_unreachable();
}

}  // namespace

const void* switch_code() { return reinterpret_cast<const void*>(&context::jump_fcontext); }

void prepare(Fiber* fiber) {
  const auto size = static_cast<std::size_t>(fiber->stack_top - fiber->stack_low);
  fiber->context = context::make_fcontext(fiber->stack_top, size, fiber_entry);
#if defined(__SANITIZE_ADDRESS__)
  // The last fiber here ended by a switch: the frames that it never left are still marked.
  __asan_unpoison_memory_region(fiber->stack_low, size);
  fiber->asan_bottom = fiber->stack_low;
  fiber->asan_size = size;
  fiber->fake_stack = nullptr;
#endif
#if defined(__SANITIZE_THREAD__)
  // Anew for each life: the last fiber here ended by a switch, and its call stack would only grow.
  if (fiber->tsan_fiber != nullptr) {
    __tsan_destroy_fiber(fiber->tsan_fiber);
  }
  fiber->tsan_fiber = __tsan_create_fiber(0);
#endif
}

[[gnu::noinline]] void switch_to(Fiber* from, Fiber* to, AfterSwitch after) {
  WEFT_DCHECK(from != to, "a switch has two ends");
  Crossing crossing = {from, after};
#if defined(__SANITIZE_THREAD__)
  if (from->tsan_fiber == nullptr) {
    from->tsan_fiber = __tsan_get_current_fiber();
  }
#endif
  void* const target = to->context;
  enter(from, to);
  const context::transfer_t transfer = arch::jump(target, &crossing);
  arrive(transfer, from);
  if (!from->own_tls) {
    restore_shared(from);
  }
}

}  // namespace weft::runtime
