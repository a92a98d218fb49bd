#include "runtime/seeded.h"

#include "runtime/scheduler.h"

namespace weft::runtime {

constinit std::atomic<bool> Seeded::any_exists{false};

// Not inlined, like all that touches TLS near a switch.
[[gnu::noinline]] const Seeded* Seeded::of_running_scheduler() {
  const Scheduler* const scheduler = Scheduler::current();
  return scheduler == nullptr ? nullptr : scheduler->seeded();
}

}  // namespace weft::runtime
