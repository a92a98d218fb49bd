// user_word.h: looking at memory that may not be there, as the kernel does for EFAULT.
//
// Layer:  hooks.
#pragma once
#include <cstddef>
#include <cstdint>

namespace weft::hooks::sync {

/// Whether the words from `address` on can be read now. Costs a load each; where one can't, a
/// signal. Only where weft's own handler is in place, or the program's are called by way of weft;
/// else, and on processors other than x86-64, the signal is the program's.
bool can_read(const void* address, std::size_t bytes);

/// In a handler of SIGSEGV or SIGBUS: if it came from can_read, makes that return false.
bool recover_from_fault(void* context);

}  // namespace weft::hooks::sync
