#include <weft/blocking.h>
#include <weft/scheduler.h>

#include <algorithm>
#include <cerrno>

#include "runtime/api_background.h"
#include "runtime/api_error.h"
#include "runtime/block.h"
#include "runtime/cpus.h"
#include "runtime/may_wait.h"
#include "runtime/os.h"
#include "runtime/own_tls.h"
#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"
#include "runtime/settings.h"
#include "runtime/sys.h"

namespace weft::detail {
namespace {

namespace lot = runtime::lot;

// One call on a kernel thread of its own. Lies on the stack of the fiber that waits for it.
struct Elsewhere {
  void (*call)(void*);
  void* argument;
  std::atomic<std::uint32_t> is_done{0};

  static void* thread_main(void* self) {
    auto* const work = static_cast<Elsewhere*>(self);
    work->call(work->argument);
    // From the store on the fiber may go on and its stack be used again: only the address is used.
    work->is_done.store(1, std::memory_order_release);
    lot::unpark(&work->is_done, lot::kAll);
    return nullptr;
  }

  void run() {
    if (!runtime::os::start_thread(thread_main, this)) {
      call(argument);  // better than not at all
      return;
    }
    lot::park_while(&is_done, [this] { return is_done.load(std::memory_order_acquire) == 0; });
  }
};

}  // namespace

int available_cpus() { return std::min(runtime::available_cpus(), runtime::kMostWorkers); }

Pool::Pool(int workers, std::optional<std::uint64_t> seed)
    : process_(static_cast<int>(runtime::sys::call(SYS_getpid))) {
  if (workers < 1 || workers > runtime::kMostWorkers) {
    throw_errno(EINVAL, "weft::Scheduler: workers is not a number from 1 to 256");
  }
  if (const char* const refusal = runtime::own_tls_refusal();
      refusal != nullptr && !runtime::can_borrow_tls()) {
    throw_errno(ENOTSUP, refusal);
  }
  scheduler_ = runtime::Scheduler::start_pool(workers, seed);
  if (scheduler_ == nullptr) {
    throw_errno(EAGAIN, "weft::Scheduler: no descriptors or no kernel thread for it");
  }
}

Pool::~Pool() {
  if (process_ == runtime::sys::call(SYS_getpid)) {
    auto* const scheduler = static_cast<runtime::Scheduler*>(scheduler_);
    scheduler->wait_for_foreground();
    kill_background(*scheduler);
    scheduler->end_pool();
  }
}

std::optional<std::uint64_t> Pool::seed() const {
  const runtime::Seeded* const seeded = static_cast<runtime::Scheduler*>(scheduler_)->seeded();
  return seeded == nullptr ? std::nullopt : std::optional(seeded->seed());
}

void blocking(void (*call)(void*), void* argument) {
  runtime::check_may_wait();
  runtime::Scheduler* const scheduler = runtime::Scheduler::current();
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr || scheduler->is_alone()) {
    call(argument);
    return;
  }
  const runtime::OutsideWait outside(*self);
  if (scheduler->has_migration()) {
    scheduler->hand_off_own();
    call(argument);
    runtime::yield();  // back into line, and off this kernel thread
  } else {
    Elsewhere{call, argument}.run();
  }
}

}  // namespace weft::detail
