// thread.cc: threads as fibers: how they begin and end, as a table.
#include "hooks/thread.h"

#include <setjmp.h>
#include <sys/prctl.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "hooks/active.h"
#include "hooks/c11.h"
#include "hooks/cancel.h"
#include "hooks/quit.h"
#include "hooks/real.h"
#include "hooks/signal_mask.h"
#include "hooks/sync/native.h"
#include "hooks/thread_attributes.h"
#include "runtime/check.h"
#include "runtime/cpus.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

// glibc's half of pthread_cleanup_push, which its C++ header does not declare.
extern "C" int __sigsetjmp(struct __jmp_buf_tag* buffer, int save_mask) noexcept
    __attribute__((returns_twice));
extern "C" void __pthread_register_cancel(__pthread_unwind_buf_t*);
extern "C" void __pthread_unregister_cancel(__pthread_unwind_buf_t*);
extern "C" [[noreturn]] void __pthread_unwind_next(__pthread_unwind_buf_t*);

namespace weft::hooks {

using runtime::Fiber;
using runtime::Scheduler;
namespace sys = runtime::sys;

namespace {

using Start = void* (*)(void*);
using Main = int (*)(int, char**, char**);

constinit thread_local pid_t kernel_thread_id [[gnu::tls_model("initial-exec")]] = 0;

// The main thread's function is called by run_main, so its pthread_exit unwinds to there.
constinit bool main_is_ours = false;

// Calls the program's function as glibc's start_thread does: pthread_exit and cancellation unwind
// to here, running cleanup handlers and destructors on the way. False if they did.
template <class Call>
[[gnu::noinline]] bool returns_from(__pthread_unwind_buf_t& outermost, Call call) {
  if (__sigsetjmp(reinterpret_cast<struct __jmp_buf_tag*>(outermost.__cancel_jmp_buf), 0) != 0) {
    return false;
  }
  __pthread_register_cancel(&outermost);
  call();
  __pthread_unregister_cancel(&outermost);
  return true;
}

template <class Call>
void thread_body(Fiber* self, Call call) {
  runtime::tcb::on_start();
  void* const start = self->result;
  self->result = PTHREAD_CANCELED;   // unless the function returns, or pthread_exit says otherwise
  __pthread_unwind_buf_t outermost;  // NOLINT: filled by returns_from
  returns_from(outermost, [=] { self->result = call(start, self->argument); });
  runtime::tcb::on_exit(runtime::lock_owner(*self));
  if (self->scheduler == Scheduler::process() && self->scheduler->is_alone()) {
    std::exit(0);  // the last thread of a process whose main thread has gone
  }
  Scheduler::end_current();
}

void posix_thread(Fiber* self) {
  thread_body(self,
              [](void* start, void* argument) { return reinterpret_cast<Start>(start)(argument); });
}

void* as_result(int number) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): as glibc keeps it
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(static_cast<unsigned>(number)));
}

void c11_thread(Fiber* self) {
  thread_body(self, [](void* start, void* argument) {
    return as_result(reinterpret_cast<thrd_start_t>(start)(argument));
  });
}

// The scheduler that a new thread becomes a fiber of; null if it is to be a kernel thread.
Scheduler* scheduler_for_threads() {
  if (!is_on(Group::kThread)) {
    return nullptr;
  }
  if (Scheduler* const known = Scheduler::current()) {
    return runtime::current() != nullptr && threads_can_be_fibers() ? known : nullptr;
  }
  const bool is_main_thread = sys::call(SYS_getpid) == sys::call(SYS_gettid);
  if (!is_main_thread || !threads_can_be_fibers() ||
      !Scheduler::start_process(runtime::available_cpus())) {
    return nullptr;
  }
  report_on_quit();
  handle_calls();
  Fiber* const main = runtime::current();
  main->result = PTHREAD_CANCELED;  // unless pthread_exit says otherwise
  sys::call(SYS_prctl, PR_GET_NAME, main->name);
  return Scheduler::current();
}

// pthread_create and thrd_create. `next` is libc's.
template <class Next>
int create(pthread_t* out, const pthread_attr_t* attr, void* start, void* argument,
           void (*run)(Fiber*), Next next) {
  Scheduler* const scheduler = scheduler_for_threads();
  Attributes attributes;
  if (scheduler == nullptr) {
    return next();
  }
  if (const int error = read_attributes(attr, attributes)) {
    return error;
  }
  if (attributes.needs_kernel_thread) {
    return next();
  }
  attributes.options.name = runtime::current()->name;  // inherited, as the kernel has it
  Fiber* const fiber = scheduler->spawn_held(attributes.options, run, argument);
  if (fiber == nullptr) {
    return EAGAIN;
  }
  fiber->result = start;
  if (attributes.has_mask) {
    fiber->signal_mask = bits_of(attributes.mask);
    fiber->scheduler->accept_signals_but(fiber->signal_mask);
  }
  *out = reinterpret_cast<pthread_t>(fiber->thread_pointer);
  scheduler->release(fiber);
  sync::pin_owner();
  return 0;
}

int create_posix(pthread_t* out, const pthread_attr_t* attr, Start start, void* argument) {
  return create(out, attr, reinterpret_cast<void*>(start), argument, posix_thread,
                [=] { return real::pthread_create(out, attr, start, argument); });
}

int create_c11(thrd_t* out, thrd_start_t start, void* argument) {
  int made_by_libc = thrd_success;
  const int error = create(out, nullptr, reinterpret_cast<void*>(start), argument, c11_thread, [&] {
    made_by_libc = real::thrd_create(out, start, argument);
    return 0;
  });
  return error == 0 ? made_by_libc : as_c11(error);
}

[[noreturn]] void exit_thread(void* result) {
  if (Fiber* const self = runtime::current()) {
    self->result = result;
    if (self->is_main && !main_is_ours) {
      // libc would end the kernel thread, and with it the others.
      self->scheduler->end_main();
    }
  }
  real::pthread_exit(result);
  __builtin_unreachable();
}

}  // namespace

int run_main(Main main, int argc, char** argv, char** envp) {
  main_is_ours = true;
  int status = 0;
  __pthread_unwind_buf_t outermost;  // NOLINT: filled by returns_from
  if (returns_from(outermost, [&] { status = main(argc, argv, envp); })) {
    return status;
  }
  if (const Fiber* const self = runtime::current(); self != nullptr && self->own_tls) {
    runtime::tcb::on_exit(runtime::lock_owner(*self));
    self->scheduler->end_main();
  }
  // On to libc's own: it ends the process if this was its last thread.
  __pthread_unwind_next(&outermost);
}

Fiber* any_fiber_of(pthread_t thread) {
  if (Fiber* const fiber = fiber_of(thread)) {
    return fiber;
  }
  Scheduler* const scheduler =
      Scheduler::current() != nullptr ? Scheduler::current() : Scheduler::process();
  Fiber* const main = scheduler == nullptr ? nullptr : &scheduler->main_fiber();
  return main != nullptr && main->is_main &&
                 reinterpret_cast<pthread_t>(main->thread_pointer) == thread
             ? main
             : nullptr;
}

pid_t self_id() {
  if (const Fiber* const self = runtime::current()) {
    return self->tid;
  }
  if (kernel_thread_id == 0) {
    kernel_thread_id = static_cast<pid_t>(sys::call(SYS_gettid));
  }
  return kernel_thread_id;
}

void forget_self_id() { kernel_thread_id = 0; }

bool threads_can_be_fibers() {
  static const bool can = [] {
    const char* const why_not = runtime::tcb::available() ? nullptr : runtime::tcb::probe();
    if (why_not != nullptr) {
      runtime::print_line(
          "weft: threads stay kernel threads, since fibers can't have their own TLS here: ",
          why_not);
    }
    return why_not == nullptr;
  }();
  return can;
}

// clang-format off
extern "C" {
// symbol, signature                                                                   how
int  pthread_create(pthread_t* t, const pthread_attr_t* a, Start start, void* p)       { return create_posix(t, a, start, p); }
void pthread_exit  (void* r)                                                           { exit_thread(r); }
int  thrd_create   (thrd_t* t, thrd_start_t start, void* p)                            { return create_c11(t, start, p); }
void thrd_exit     (int r)                                                             { exit_thread(as_result(r)); }
}
// clang-format on

}  // namespace weft::hooks
