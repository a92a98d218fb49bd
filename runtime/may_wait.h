// may_wait.h: no call that waits may run where its wait would stop the hub. Debug builds check it.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("Where nothing may wait").
#pragma once

namespace weft::runtime {

/// First line of whatever waits, or may: the caller is a fiber's own code, or a kernel thread
/// without fibers, and holds none of weft's spin locks. Not so: between two fibers, in the code
/// that runs behind a switch and in an idle loop, all of which have the worker, and maybe the hub.
#ifdef WEFT_DEBUG
void check_may_wait();
#else
inline void check_may_wait() {}
#endif

}  // namespace weft::runtime
