#include "runtime/cpu_time.h"

#include <algorithm>

#include "runtime/deadline.h"
#include "runtime/scheduler.h"
#include "runtime/switch_watch.h"
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

pid_t kernel_tid_of(const Fiber& fiber) { return fiber.worker.load()->kernel_tid; }

bool runs(const Fiber& fiber) { return state_of(fiber) == FiberState::kRunning; }

// A fiber's time is one word, so that who reads it beside a switch sees it before or after, never
// half. Even: the fiber does not run; the word is twice what it has used. Odd: it runs; the word is
// twice what is to be added to the time of its kernel thread, plus one.
//
//   zero ──keep()──> odd <──enter()── even       Only the fiber's own kernel thread enters and
//                     └────leave()────> even     leaves; keep() swaps zero only, and swaps back.
//
// A reader of an odd word asks the kernel, and then whether the word still is the same: if it is,
// the fiber has not left its kernel thread in between.
constexpr std::int64_t at_rest(std::int64_t ns) { return ns * 2; }
constexpr std::int64_t on_thread(std::int64_t ns) { return ns * 2 + 1; }
constexpr bool is_on_thread(std::int64_t time) { return (time & 1) != 0; }
constexpr std::int64_t ns_of(std::int64_t time) { return time >> 1; }

}  // namespace

void keep(Scheduler& scheduler) {
  if (is_kept.exchange(true)) {
    return;
  }
  switch_watch::watchers.fetch_add(1);
  scheduler.for_each_fiber([](Fiber& fiber) {
    if (!runs(fiber)) {
      return;
    }
    std::int64_t time = at_rest(0);
    const std::int64_t running = on_thread(-of_kernel_thread(kernel_tid_of(fiber)));
    if (fiber.cpu_time.compare_exchange_strong(time, running) && !runs(fiber)) {
      // It had left before it could see that time is kept.
      time = running;
      fiber.cpu_time.compare_exchange_strong(time, at_rest(0));
    }
  });
}

std::int64_t used_ns(Fiber& fiber) {
  std::int64_t used = 0;
  for (std::int64_t time = fiber.cpu_time.load();;) {
    used = ns_of(time);
    if (!is_on_thread(time)) {
      break;
    }
    used += of_kernel_thread(kernel_tid_of(fiber));
    const std::int64_t before = time;
    time = fiber.cpu_time.load();
    if (time == before) {
      break;
    }
  }
  // leave() asks the kernel a moment before its word is there: who asked in that moment was told
  // more. A clock does not go back.
  std::int64_t told = fiber.cpu_time_told.load();
  while (told < used && !fiber.cpu_time_told.compare_exchange_weak(told, used)) {
  }
  return std::max(told, used);
}

void enter(Fiber& fiber) {
  const std::int64_t time = fiber.cpu_time.load();
  const std::int64_t before = is_on_thread(time) ? 0 : ns_of(time);
  fiber.cpu_time = on_thread(before - of_this_kernel_thread());
}

void leave(Fiber& fiber) {
  const std::int64_t time = fiber.cpu_time.load();
  if (is_on_thread(time)) {
    fiber.cpu_time = at_rest(ns_of(time) + of_this_kernel_thread());
  }
}

void restart(Fiber& fiber) {
  fiber.cpu_time_told = 0;
  fiber.cpu_time = is_kept.load() ? on_thread(0) : at_rest(0);  // the kernel thread is a new one
}

}  // namespace weft::runtime::cpu_time
