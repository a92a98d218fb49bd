#include "runtime/cpu_time.h"

#include "runtime/deadline.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime::cpu_time {
namespace {

// What a kernel thread has used; zero if it is gone.
std::int64_t of_kernel_thread(pid_t tid) {
  timespec now = {};
  sys::call(SYS_clock_gettime, clock_of_thread(tid), &now);
  return to_ns(now);
}

std::int64_t of_this_kernel_thread() {
  timespec now = {};
  sys::call(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &now);
  return to_ns(now);
}

bool runs(const Fiber& fiber) {
  const FiberState state = fiber.state.load();
  return fiber.worker != nullptr &&
         (state == FiberState::kRunning || state == FiberState::kNotified);
}

}  // namespace

void keep(Scheduler& scheduler) {
  if (is_kept.exchange(true)) {
    return;
  }
  scheduler.for_each_fiber([](Fiber& fiber) {
    if (runs(fiber)) {
      fiber.cpu_since_ns = of_kernel_thread(fiber.worker->kernel_tid);
    }
  });
}

std::int64_t used_ns(const Fiber& fiber) {
  const std::int64_t past = fiber.cpu_ns.load();
  const std::int64_t since = fiber.cpu_since_ns.load();
  if (since < 0 || !runs(fiber)) {
    return past;
  }
  return past + of_kernel_thread(fiber.worker->kernel_tid) - since;
}

void enter(Fiber& fiber) { fiber.cpu_since_ns = of_this_kernel_thread(); }

void leave(Fiber& fiber) {
  const std::int64_t since = fiber.cpu_since_ns.exchange(Fiber::kUnknownCpuTime);
  if (since >= 0) {
    fiber.cpu_ns += of_this_kernel_thread() - since;
  }
}

}  // namespace weft::runtime::cpu_time
