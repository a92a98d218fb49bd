// weft/deadlock.h: what a main fiber hears when nothing can ever wake it.
//
// Layer:  runtime, public.
#pragma once
#include <system_error>

namespace weft {

/// All fibers of the thread wait, and nothing is left that could wake one: no descriptor, timer,
/// signal handler, child or other thread. Thrown by the call in which the thread's main fiber
/// waits: join, get, joinall, and the locks. Its code is EDEADLK.
///
/// Threads:  only on a thread's own scheduler. Under `weft run`, after weft::patch_all() and on the
///           fibers of a weft::Scheduler a deadlock waits on, as one of threads does.
/// Promise:  the wait has had no effect, and may be repeated. Comes about 10 ms after the last one
///           has parked.
/// Source:   gevent.exceptions.LoopExit ("This operation would block forever").
///
///     try { weft::joinall(fibers); } catch (const weft::WouldBlockForever& e) { log(e.what()); }
class WouldBlockForever : public std::system_error {
 public:
  /// Thrown by weft only; `call` is the one in which the main fiber waits.
  explicit WouldBlockForever(const char* call);
};

}  // namespace weft
