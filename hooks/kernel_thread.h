// kernel_thread.h: calls that change the calling kernel thread, which a fiber does not have for
// good.
//
// Layer:  hooks.
#pragma once

namespace weft::hooks {

/// Before such a call: the running fiber keeps its kernel thread to itself from now on, so that the
/// change is the fiber's, and no other's.
void pin_fiber();

/// Of the arguments of a system call that names a thread by its id: the id of a fiber becomes that
/// of its kernel thread. -EPERM if it shares one and the call would change it, -ESRCH if there is
/// no such fiber, else 0.
long name_kernel_thread(long number, long (&arguments)[6]);

/// Whether a system call of that number is one.
bool changes_kernel_thread(long number, const long (&arguments)[6]);

}  // namespace weft::hooks
