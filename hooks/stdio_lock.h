// stdio_lock.h: a FILE's lock, for fibers that park while they hold it.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("stdio").
#pragma once
#include <stdio.h>

namespace weft::hooks::stdio {

/// flockfile(3) and its kin for kernel threads, and for fibers with their own TLS, which are
/// threads to libc: fibers that wait for the lock park. libc's own code may take it again
/// meanwhile, as its owner.
void lock(FILE* file);
bool try_lock(FILE* file);
/// Gives it back whoever gave it: `lock`, or libc.
void unlock(FILE* file);
/// Whether libc would have it at once, if nobody else comes in between.
bool is_at_hand(FILE* file);
/// In a fork's child, where libc has made the locks of all FILEs new.
void after_fork_in_child();

}  // namespace weft::hooks::stdio
