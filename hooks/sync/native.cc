#include "hooks/sync/native.h"

#include <cerrno>

#include "runtime/tcb.h"

namespace weft::hooks::sync {

namespace {
// How many locks of that kind this thread holds: from before it became a fiber on.
constinit thread_local int held [[gnu::tls_model("initial-exec")]] = 0;
}  // namespace

AsKernelThread::AsKernelThread(bool wanted) {
  const runtime::Fiber* const self = runtime::current();
  if (!wanted || self == nullptr || !self->own_tls) {
    return;
  }
  block_ = self->thread_pointer;
  before_ = runtime::tcb::tid_of(block_);
  runtime::tcb::set_tid(block_, runtime::lock_owner(*self));
}

AsKernelThread::~AsKernelThread() {
  if (block_ != nullptr) {
    runtime::tcb::set_tid(block_, before_);
  }
}

int AsKernelThread::locked(int result) {
  if (result == 0 || result == EOWNERDEAD) {
    ++held;
    pin_owner();
  }
  return result;
}

int AsKernelThread::unlocked(int result) {
  if (result == 0 && --held == 0 && block_ != nullptr) {
    runtime::Scheduler::unpin_current();
  }
  return result;
}

void pin_owner() {
  if (held > 0 && runtime::current() != nullptr) {
    runtime::current()->scheduler->pin_current(false);
  }
}

}  // namespace weft::hooks::sync
