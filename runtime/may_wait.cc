#include "runtime/may_wait.h"

#include "runtime/check.h"
#include "runtime/context.h"
#include "runtime/held_locks.h"
#include "runtime/worker.h"

namespace weft::runtime {

#ifdef WEFT_DEBUG
// Not inlined, like all that touches TLS near a switch.
[[gnu::noinline]] void check_may_wait() {
  // Below zero: a child of a fork that nobody announced has given back what it never took.
  WEFT_DCHECK(held_locks.count <= 0, "no call waits while its caller holds a lock of weft's");
  const Worker* const worker = running.worker;
  const bool is_in_fiber = running.fiber != nullptr &&
                           worker->mode.load(std::memory_order_relaxed) != WorkerMode::kRuntime;
  WEFT_DCHECK(worker == nullptr || is_in_fiber,
              "no call waits in the scheduler's own code: it would stop the hub");
}
#endif

}  // namespace weft::runtime
