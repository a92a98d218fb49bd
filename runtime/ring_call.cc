#include "runtime/ring_call.h"

#include <cerrno>

#include "runtime/fd_call.h"
#include "runtime/fiber_signals.h"
#include "runtime/ring.h"
#include "runtime/scheduler.h"
#include "runtime/wait_fd.h"

namespace weft::detail {

namespace {

using runtime::Fiber;
using runtime::Ring;

// Until the kernel is done (0), or what ends it before, as of wait_for(). Only this kernel thread
// polls the ring, between fibers: what is not done now is not done before the fiber has parked.
int await(const Ring::Call& call, const runtime::Transfer& wanted, runtime::FdSlot& slot,
          std::uint32_t generation, runtime::Deadline deadline) {
  const runtime::FdWaitOptions options = {
      .deadline = deadline, .cancellable = true, .heeds_cancel = true, .is_announced = false};
  while (!call.is_done()) {
    const std::uint32_t seen = slot.edges(wanted.direction);
    if (slot.generation() != generation) {  // reset() counts an edge behind it
      return EBADF;
    }
    if (const int ended = runtime::wait_for(wanted.fd, slot, wanted.direction, seen, options)) {
      return ended;
    }
  }
  return 0;
}

// Whether the kernel has a result that it will not give again.
bool is_final(long result) { return result != -ECANCELED && result != -EINTR && result != -EAGAIN; }

}  // namespace

bool has_ring() {
  const Fiber* const self = runtime::current();
  return self != nullptr && self->scheduler->hub().ring() != nullptr;
}

long transfer(const runtime::Transfer& wanted, runtime::FdSlot& slot, std::uint32_t generation,
              std::int64_t deadline, const char* call) {
  Fiber* const self = runtime::current();
  Ring& ring = *self->scheduler->hub().ring();
  const bool was_cut_short = self->was_cut_short;
  Ring::Call under_way(self);
  if (!ring.submit(under_way, wanted)) {
    return -EAGAIN;
  }
  const int ended = await(under_way, wanted, slot, generation, runtime::Deadline::at(deadline));
  // Neither handlers, which may jump away, nor an exception may leave the kernel with our stack.
  if (!under_way.is_done()) {
    ring.cancel(under_way);
    while (!under_way.is_done()) {
      runtime::park();
    }
  }
  if (ended == EINTR) {
    runtime::fiber_signals::run_handlers(*self);
  }
  if (ended == 0 || is_final(under_way.result())) {
    self->was_cut_short = was_cut_short;
    return under_way.result();
  }
  if (ended != EINTR && ended != ETIMEDOUT) {
    check_wait(ended, call);
  }
  return -ended;
}

}  // namespace weft::detail
