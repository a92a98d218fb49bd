// helper_thread.h: kernel threads of weft's own, beside the program's.
//
// Layer:  runtime.
#pragma once

namespace weft::runtime {

/// As os::start_thread(), but libc, which ends the process with its last thread, does not count it.
/// The last that `main` does, but for what may come behind the process's end, is
/// helper_thread_ends().
[[nodiscard]] bool start_helper_thread(void* (*main)(void*), void* argument);
void helper_thread_ends();

/// The calling helper shall have no part in the program's descriptors from number `first` on: it
/// neither keeps one open that the program closes, nor takes a number that the program expects.
/// Linux 5.9; before, nothing.
void leave_descriptors(unsigned first);

}  // namespace weft::runtime
