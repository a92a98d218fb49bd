// os.h: memory straight from the kernel, for tables that must not go through the program's malloc;
// and kernel threads.
//
// Layer:  runtime.
#pragma once
#include <pthread.h>

#include <cstddef>
#include <cstdint>

namespace weft::runtime::os {

/// `bytes` of zeroed memory, reserved and committed on first touch. Null when the kernel refuses.
[[nodiscard]] void* map(std::size_t bytes);
void unmap(void* memory, std::size_t bytes);

/// Grows or moves a mapping of `map`; the new part is zero. Null, and the old mapping intact, when
/// refused.
[[nodiscard]] void* remap(void* memory, std::size_t old_bytes, std::size_t new_bytes);

/// How kernel threads are made: pthread_create's signature. Under the hooks that symbol makes
/// fibers, so they set libc's own here.
using ThreadStarter = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
void set_thread_starter(ThreadStarter starter);
/// Whether that was set: then signal handlers, too, may wait, and let other fibers run meanwhile.
[[nodiscard]] bool is_hooked();

/// Tells libc and libstdc++ that there is more than one thread from now on: they leave out locks
/// and atomics as long as there is not.
void become_multithreaded();

/// Every signal that a program may handle. libc keeps 32 and 33: setuid and its kin wait until each
/// of libc's threads, ours included, has handled the latter.
inline constexpr std::uint64_t kProgramSignals = ~(std::uint64_t{3} << 31);
/// The former: with it libc, and weft's hooks, end a thread that is to be cancelled at any time.
inline constexpr int kCancelSignal = 32;
inline constexpr int kCredentialsSignal = 33;

/// Starts a detached kernel thread with a small stack and all signals blocked. False if it can't.
[[nodiscard]] bool start_thread(void* (*function)(void*), void* argument);

inline constexpr std::size_t kPage = 4096;

}  // namespace weft::runtime::os
