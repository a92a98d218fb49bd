// weft/patch.h: makes the blocking calls of this process cooperative, as gevent.monkey.patch_all()
// does.
//
// Layer:  hooks, public. Link libweft_hooks ahead of libc (-lweft_hooks); without the call it does
// nothing.
#pragma once
#include <string>

namespace weft {

/// Turns the hooks on and makes the calling thread's code the main fiber of a scheduler: from now
/// on blocking calls on fibers park them, and pthread_create makes fibers.
///
/// Errors:   throws std::system_error if the scheduler can't start (EMFILE: descriptors, memory),
/// or the thread has one
///           already (EALREADY: patched twice, or spawned before).
/// Threads:  call it once, early in main, before other threads exist. Locks that are held meanwhile
/// stay valid; threads that
///           wait for a condition meanwhile are not woken by later signals.
/// Promise:  without `except`, every group of hooks is on. One fiber runs at a time, unless one is
///           stuck for more than 10 ms (WEFT_SLICE), or WEFT_WORKERS says otherwise.
/// Source:   gevent.monkey.patch_all.
///
///     weft::patch_all();
///     weft::patch_all("signal,process");   // leaves these two groups alone
void patch_all(const std::string& except = "");

}  // namespace weft
