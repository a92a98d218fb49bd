// thread.h: pthread_t and fibers.
//
// Layer:  hooks.
#pragma once
#include <pthread.h>

#include "runtime/fiber.h"

namespace weft::hooks {

/// The fiber behind a thread handle; null if a kernel thread is.
inline runtime::Fiber* fiber_of(pthread_t thread) {
  // For glibc a handle is the address of the control block.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return runtime::fiber_of_thread(reinterpret_cast<const void*>(thread));
}

/// Calls the program's main() so that pthread_exit in it, or its cancellation, ends the main thread
/// and not the others. Returns what main() returns.
int run_main(int (*main)(int, char**, char**), int argc, char** argv, char** envp);

/// As fiber_of, and the main thread's fiber for the main thread, whose control block is libc's own.
runtime::Fiber* any_fiber_of(pthread_t thread);

/// Gives a fiber a name of up to 15 characters.
void name_fiber(runtime::Fiber& fiber, const char* name);

/// What identifies the caller as an owner of locks: as glibc's tid, and never that of another
/// fiber.
pid_t self_id();

/// gettid(2) for a thread of the program: the same as long as it lives, whichever kernel thread
/// runs it. The main thread's is the kernel's; no other's is.
pid_t thread_id();

/// In a fork's child: this kernel thread has another id.
void forget_self_id();

/// Whether threads of the program can be fibers. If not, says why once on standard error.
bool threads_can_be_fibers();

}  // namespace weft::hooks
