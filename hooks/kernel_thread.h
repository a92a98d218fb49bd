// kernel_thread.h: calls that change the calling kernel thread, which a fiber does not have for
// good.
//
// Layer:  hooks.
#pragma once

namespace weft::hooks {

/// Before such a call: the running fiber keeps its kernel thread to itself from now on, so that the
/// change is the fiber's, and no other's.
void pin_fiber();

/// Whether a system call of that number is one.
bool changes_kernel_thread(long number, long first_argument);

}  // namespace weft::hooks
