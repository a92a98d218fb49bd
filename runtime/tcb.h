// tcb.h: a fiber's own thread control block and TLS, as glibc lays them out. The one place that
// knows glibc's `struct pthread`.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("A fiber's own TLS").
//
// glibc finds everything that belongs to a thread through the thread pointer: `errno`, `__thread`
// variables, pthread_self(), thread-specific data, locale, cancellation. A fiber that brings its
// own block there *is* a thread for glibc. Sizes and offsets are read from the symbols that glibc
// exports for debuggers; nothing is hard-coded.
#pragma once
#include <sys/types.h>

#include <cstddef>

namespace weft::runtime::tcb {

/// Reads glibc's layout and tries one block. Called once, on a kernel thread of libc's own making,
/// before the other functions. Returns null if fibers can have their own TLS here, else a sentence
/// that says why they can't.
const char* probe();

/// Whether `probe` found that fibers can have their own TLS.
bool available();

/// Bytes that a block takes, including slack for its alignment.
std::size_t block_bytes();

/// Alignment of a thread pointer: that of the strictest TLS segment, at least a cache line.
std::size_t alignment();

/// Makes a block in `[top - block_bytes(), top)`, which is zero. Returns its thread pointer; null
/// when memory is short. Every `thread_local` of the program has its initial value there. Calls
/// malloc. `owner` is what owner_of() says of it.
void* create(char* top, pid_t tid, void* owner);

/// Makes a used block new again. What libc's own variables hold (malloc's cache above all) stays
/// for the next user, as does the owner.
bool renew(void* thread_pointer, pid_t tid);

/// Whom a block was made for; null for one of libc's own making.
void* owner_of(const void* thread_pointer);

/// First code of a fiber with its own block: what libc does at a thread's start.
void on_start();

/// Last code of a fiber with its own block: destructors of `thread_local` objects, then of
/// thread-specific data, then what libc lends from elsewhere. May run the program's code, and so
/// may park. `lock_owner`: who it has been for libc's own locks.
void on_exit(pid_t lock_owner);

/// libc ends the process with its last thread. Kernel threads of weft's own must not count as such:
/// -1 after one was made, +1 before it ends.
void count_threads(int difference);

/// Whether the thread of a block has cancellation enabled (pthread_setcancelstate).
bool is_cancellable(const void* thread_pointer);
/// The same, and asynchronous (pthread_setcanceltype). libc's own cancellation points are that for
/// the time of their system call.
bool is_cancellable_at_any_time(const void* thread_pointer);
/// What pthread_cancel does for a thread that is cancellable at points only: it acts at the next.
void mark_cancelled(void* thread_pointer);

/// The `tid` field of a block or of a `pthread_t` of libc's: who the thread is for libc's locks.
pid_t tid_of(const void* thread_pointer);
void set_tid(void* thread_pointer, pid_t tid);

/// A block's list of robust mutexes, as set_robust_list(2) takes it, and the list's size.
void* robust_list_of(void* thread_pointer);
inline constexpr std::size_t kRobustListBytes = 3 * sizeof(void*);

}  // namespace weft::runtime::tcb
