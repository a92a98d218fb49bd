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
/// malloc.
void* create(char* top, pid_t tid);

/// Makes a used block new again. What libc's own variables hold (malloc's cache above all) stays
/// for the next user.
bool renew(void* thread_pointer, pid_t tid);

/// First code of a fiber with its own block: what libc does at a thread's start.
void on_start();

/// Last code of a fiber with its own block: destructors of `thread_local` objects, then of
/// thread-specific data, then what libc lends from elsewhere. May run the program's code, and so
/// may park.
void on_exit();

/// libc ends the process with its last thread. Kernel threads of weft's own must not count as such:
/// -1 after one was made, +1 before it ends.
void count_threads(int difference);

/// Whether the thread of a block has cancellation enabled (pthread_setcancelstate).
bool is_cancellable(const void* thread_pointer);

/// The `tid` field of a block or of a `pthread_t` of libc's.
pid_t tid_of(const void* thread_pointer);
void set_tid(void* thread_pointer, pid_t tid);

/// Address just above a block: where its fiber's control block may lie.
char* end_of(void* thread_pointer);

}  // namespace weft::runtime::tcb
