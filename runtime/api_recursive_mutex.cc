#include <weft/recursive_mutex.h>

#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/fiber.h"
#include "runtime/scheduler.h"

namespace weft {
namespace {

constinit thread_local char this_thread_mark = 0;

// The address that stands for who runs. A main fiber is the thread that it was before: it may have
// locked something then. Not inlined, like all that may touch TLS near a switch.
[[gnu::noinline]] const void* self() {
  const runtime::Fiber* const fiber = runtime::current();
  return fiber != nullptr && !fiber->is_main ? static_cast<const void*>(fiber) : &this_thread_mark;
}

}  // namespace

bool RecursiveMutex::owned() const { return owner_.load(std::memory_order_relaxed) == self(); }

bool RecursiveMutex::enter_again() {
  if (!owned()) {
    return false;
  }
  ++depth_;
  return true;
}

bool RecursiveMutex::enter(bool has_locked) {
  if (has_locked) {
    owner_.store(self(), std::memory_order_relaxed);
    depth_ = 1;
  }
  return has_locked;
}

void RecursiveMutex::lock() {
  if (!enter_again()) {
    mutex_.lock();
    enter(true);
  }
}

bool RecursiveMutex::try_lock() { return enter_again() || enter(mutex_.try_lock()); }

void RecursiveMutex::unlock() {
  if (!owned()) {
    detail::throw_errno(EPERM, "weft::RecursiveMutex::unlock: another owns it, or nobody");
  }
  if (--depth_ == 0) {
    owner_.store(nullptr, std::memory_order_relaxed);
    mutex_.unlock();
  }
}

}  // namespace weft
