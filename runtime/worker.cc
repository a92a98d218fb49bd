#include "runtime/worker.h"

#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>

#include "runtime/arch/thread_pointer.h"
#include "runtime/check.h"
#include "runtime/fiber_pool.h"
#include "runtime/os.h"
#include "runtime/overflow.h"
#include "runtime/scheduler.h"
#include "runtime/switch_watch.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {
namespace {

constexpr std::size_t kIdleStack = std::size_t{64} << 10;

// Also in a seeded run: for the kernel.
timespec real_moment_after(std::chrono::nanoseconds length) {
  return Deadline::at(clock_ns(CLOCK_MONOTONIC) + length.count()).to_timespec();
}

}  // namespace

bool Worker::adopt(Fiber* main, bool own_tls) {
  is_promised_ = false;
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  kernel_mask = sys::signal_mask();
  // Where main may run on another kernel thread meanwhile, idle must not use main's TLS.
  if (!make_idle(own_tls)) {
    return false;
  }
  main->visible = main;
  main->own_tls = own_tls;
  main->thread_pointer = arch::thread_pointer();
  libc_thread = main->thread_pointer;
  main->signal_mask = kernel_mask;
  main->signal_stack = signal_stack.give();
  main->scheduler->accept_signals_but(kernel_mask);
  if (!own_tls) {
    idle->thread_pointer = main->thread_pointer;
  }
  start_running(main);
  running = {main, this};
  entered_fiber();
  return true;
}

bool Worker::make_idle(bool own_tls) {
  idle = fiber_pool::take(kIdleStack, own_tls);
  if (idle == nullptr) {
    return false;
  }
  idle->visible = nullptr;
  idle->signal_mask = kernel_mask;
  idle->run = idle_main;
  idle->state = FiberState::kRunning;
  prepare(idle);
  return true;
}

Fiber* Worker::idle_context() {
  if (idle == nullptr) {
    WEFT_CHECK(make_idle(running.fiber->own_tls), "a forked child has memory for one fiber");
  }
  return idle;
}

void Worker::retire() {
  signal_stack.take_back();
  running = {nullptr, nullptr};
  fiber_pool::put(idle);
  idle = nullptr;
}

void Worker::renew() {
  mode.store(WorkerMode::kRuntime, std::memory_order_relaxed);
  queue.store(nullptr, std::memory_order_relaxed);
  has_queue_.store(0, std::memory_order_relaxed);
  is_promised_ = true;
  is_set_apart_ = false;
  is_changed_ = false;
  robust_list_ = nullptr;
  has_napped_ = false;
#if defined(__SANITIZE_THREAD__)
  native_.tsan_fiber = nullptr;  // that of the kernel thread that has ended
#endif
}

void Worker::run_kernel_thread() {
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  may_end_ = true;
  kernel_mask = os::kProgramSignals;                 // as os::start_thread made it
  sys::call(SYS_prctl, PR_SET_NAME, "weft-worker");  // else it has the name of who made it
  native_.thread_pointer = arch::thread_pointer();
  libc_thread = native_.thread_pointer;
  native_.own_tls = true;
  native_.state = FiberState::kRunning;
  idle = &native_;
  running = {nullptr, this};
  signal_stack.give();
  overflow::watch();
  while (idle_loop()) {
  }
  signal_stack.take_back();
  running = {nullptr, nullptr};
}

void Worker::apply_signal_mask(std::uint64_t mask) {
  kernel_mask = mask;
  sys::set_signal_mask(mask);
}

void Worker::start_running(Fiber* next_fiber) {
  // Who finds the worker here finds its kernel thread's id there.
  next_fiber->worker.store(this, std::memory_order_release);
  if (__builtin_expect(switch_watch::watchers.load(std::memory_order_relaxed) != 0, 0)) {
    switch_watch::enter(*next_fiber);
  }
  fiber.store(next_fiber, std::memory_order_relaxed);
  // One that has yielded was kRunning all the time.
  if (next_fiber->state.load(std::memory_order_relaxed) == FiberState::kReady) {
    // An exchange, not a store: whoever unparks a ready fiber does nothing, and relies on this
    // fiber then seeing what was written before the unpark.
    detail::exchange(next_fiber->state, FiberState::kRunning, std::memory_order_acq_rel);
  }
}

// False: it was detached meanwhile.
bool Worker::leave_user_mode() {
  if (!scheduler->has_migration()) {  // nobody detaches it
    mode.store(WorkerMode::kRuntime, std::memory_order_relaxed);
    return true;
  }
  WorkerMode user = WorkerMode::kUser;
  return mode.compare_exchange_strong(user, WorkerMode::kRuntime, std::memory_order_acq_rel);
}

void Worker::leave(Fiber* self, AfterSwitch after) {
  Worker* const worker = running.worker;
  if (__builtin_expect(switch_watch::watchers.load(std::memory_order_relaxed) != 0, 0)) {
    switch_watch::leave(*self);
  }
  Fiber* next = nullptr;
  if (worker->leave_user_mode()) {
    RunQueue* const own = worker->queue.load(std::memory_order_relaxed);
    next = own == nullptr ? nullptr : own->pick();  // null: it has its pinned fiber only
  } else {                                          // detached: the queue is another's by now
    worker->queue.store(nullptr, std::memory_order_relaxed);
    worker->detached_stays.fetch_add(1, std::memory_order_relaxed);
    worker->mode.store(WorkerMode::kRuntime, std::memory_order_relaxed);
  }
  if (next != nullptr) {
    worker->start_running(next);
    if (const std::uint64_t mask = next->signal_mask.load(std::memory_order_relaxed);
        mask != worker->kernel_mask) {
      worker->apply_signal_mask(mask);
    }
  } else {
    next = worker->idle_context();
  }
  switch_to(self, next, after);
}

bool Worker::may_skip_yield() {
  RunQueue* const own = queue.load(std::memory_order_relaxed);
  if (mode.load(std::memory_order_relaxed) != WorkerMode::kUser || own == nullptr) {
    return false;
  }
  if (own->is_seeded()) {
    return own->chooses_running();
  }
  if (!own->is_empty()) {
    return false;
  }
  if (++skipped_yields_ % kYieldsBetweenLooks != 0) {
    return true;
  }
  sys::call(SYS_sched_yield);  // what the fiber waits for may be on another kernel thread
  return false;
}

void Worker::run(Fiber* next_fiber) {
  start_running(next_fiber);
  if (const std::uint64_t mask = next_fiber->signal_mask.load(std::memory_order_relaxed);
      mask != kernel_mask) {
    apply_signal_mask(mask);
  }
  switch_to(idle, next_fiber, {});
  fiber.store(nullptr, std::memory_order_relaxed);
}

void Worker::idle_main(Fiber*) {
  while (running.worker->idle_loop()) {
  }
  WEFT_CHECK(false, "a thread that the program made is not ended by weft");
}

// One turn. False when the kernel thread shall end.
bool Worker::idle_loop() {
  RunQueue* const mine = queue.load(std::memory_order_relaxed);
  if (mine == nullptr) {
    return wait_as_spare();
  }
  is_promised_ = false;
  if (Fiber* const next_fiber = find_work(*mine)) {
    scheduler->wake_monitor();
    if (mine->size() != 0) {
      scheduler->idle().wake_one();
    }
    run(next_fiber);
    return true;
  }
  if (scheduler->is_ending()) {
    scheduler->idle().wake_one();  // each the next
    return false;
  }
  rest(*mine);
  return true;
}

Fiber* Worker::find_work(RunQueue& mine) {
  if (mine.size() != 0 && scheduler->idle().sleeping() == 0) {
    look_at_hub(0);  // else the kernel wakes the one that sleeps there
  }
  Fiber* const next_fiber = mine.pop();
  return next_fiber != nullptr ? next_fiber : scheduler->steal(mine);
}

// Whether there is a fiber to run after all: one that waits for nothing but this moment.
bool Worker::wake_idler() {
  look_at_hub(0);
  return scheduler->has_ready() || lot::unpark(&scheduler->idlers(), 1) != 0;
}

void Worker::rest(RunQueue& mine) {
  if (scheduler->idlers().load(std::memory_order_relaxed) != 0 && wake_idler()) {
    return;
  }
  const std::uint64_t mask = scheduler->idle_signal_mask();
  if (mask != kernel_mask) {
    apply_signal_mask(mask);
  }
  if (shall_nap(mine)) {
    nap();
    return;
  }
  IdleWorkers& idle_workers = scheduler->idle();
  idle_workers.enter();
  wait_in_hub();
  idle_workers.leave();
  if (scheduler->workers() > 1) {
    busy_since_ns_ = now_ns();
  }
}

void Worker::wait_in_hub() {
  constexpr std::int64_t kQuiet = 10'000'000;
  constexpr std::int64_t kForEver = -1;
  if (scheduler->has_ready() || scheduler->is_ending()) {
    return;
  }
  if (scheduler->seeded() != nullptr && skip_to_deadline()) {
    return;
  }
  if (scheduler->may_be_deadlocked() && (look_at_hub(kQuiet) || scheduler->report_deadlock())) {
    return;
  }
  look_at_hub(kForEver);
}

// Nothing is ready: virtual time goes on to the next deadline at once. If something from outside
// may come before that it takes as long as in real time. False if there is no deadline.
bool Worker::skip_to_deadline() {
  Seeded& seeded = *scheduler->seeded();
  const Deadline soonest = scheduler->soonest_deadline();
  if (soonest.is_never()) {
    return false;
  }
  if (!scheduler->waits_for_outside()) {
    seeded.jump_to(soonest.ns());
    look_at_hub(0);
    return true;
  }
  const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
  look_at_hub(soonest.left_ns());
  seeded.advance(clock_ns(CLOCK_MONOTONIC) - before);
  scheduler->fire_timers();
  return true;
}

// Whether anything happened.
bool Worker::look_at_hub(std::int64_t ns) {
  const Hub::Polled polled = scheduler->hub().poll(ns);
  if (polled.woken) {
    scheduler->idle().was_woken();
  }
  if (polled.alarm || scheduler->seeded() != nullptr) {
    scheduler->fire_timers();
  }
  if (polled.signal) {
    scheduler->on_signal();
  }
  return polled.events != 0 || polled.signal;
}

// To wake a worker and put it to sleep again costs more than what most events and wake-ups are
// about. So a worker that was woken for a moment's work, while the others did more than it did,
// leaves the next events to them for a millisecond. It then looks for work once, and sleeps in the
// hub. Where the others are stuck in their fibers nobody naps.
bool Worker::shall_nap(const RunQueue& mine) {
  if (scheduler->workers() == 1) {
    return false;
  }
  constexpr std::int64_t kMoment = 50'000;
  const std::uint64_t by_me = mine.picks() - picks_of_mine_;
  const std::uint64_t by_all = scheduler->picks() - picks_of_all_;
  picks_of_mine_ += by_me;
  picks_of_all_ += by_all;
  const bool others_cover = by_all > 2 * by_me || scheduler->idle().sleeping() > 0;
  has_napped_ = !has_napped_ && others_cover && now_ns() - busy_since_ns_ < kMoment &&
                scheduler->idle().begin_nap(scheduler->holders() - 1);
  return has_napped_;
}

void Worker::nap() {
  constexpr timespec kLength = {0, 1'000'000};
  if (sys::call(SYS_nanosleep, &kLength, nullptr) == -EINTR) {
    scheduler->on_signal();
  }
  scheduler->idle().end_nap();
  busy_since_ns_ = now_ns();
}

void Worker::pin(Fiber* self, bool for_good) {
  is_changed_ = is_changed_ || for_good;
  if (self->pinned != nullptr) {
    return;
  }
  self->pinned = this;
  pinned_ = self;
  is_set_apart_ = true;
  has_queue_.store(0, std::memory_order_relaxed);
  queue.store(nullptr, std::memory_order_relaxed);
  mode.store(WorkerMode::kUser, std::memory_order_release);
  if (self->own_tls) {
    std::size_t size = 0;
    sys::call(SYS_get_robust_list, 0, &robust_list_, &size);
    sys::call(SYS_set_robust_list, tcb::robust_list_of(self->thread_pointer),
              tcb::kRobustListBytes);
  }
}

void Worker::unpin() {
  pinned_ = nullptr;
  if (robust_list_ != nullptr) {
    sys::call(SYS_set_robust_list, robust_list_, tcb::kRobustListBytes);
  }
}

// It runs on as one whose queue was handed over: this worker is a spare when it leaves it.
void Worker::unpin_running(Fiber* self) {
  if (is_changed_) {
    return;
  }
  self->pinned = nullptr;
  is_set_apart_ = false;
  unpin();
  mode.store(WorkerMode::kDetached, std::memory_order_release);
}

void Worker::wake_for_pinned() {
  has_queue_.store(1, std::memory_order_release);
  sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&has_queue_), 1);
}

// The fiber's kernel thread does what a thread does: it sleeps until it can go on. Once the fiber
// has ended the kernel thread ends, too, if it may.
bool Worker::wait_for_pinned() {
  while (pinned_ != nullptr || !may_end_) {
    if (pinned_ != nullptr && has_queue_.exchange(0, std::memory_order_acquire) != 0) {
      run(pinned_);
      return true;
    }
    // Who sent a signal before it saw that the fiber has parked sent it here, where it is blocked.
    if (pinned_ != nullptr && signalled.exchange(nullptr) == pinned_) {
      scheduler->call(*pinned_);
    }
    sys::futex_wait(reinterpret_cast<const std::uint32_t*>(&has_queue_), 0, nullptr);
  }
  return false;
}

bool Worker::wait_as_spare() {
  // The program's handlers run where its fibers run.
  apply_signal_mask(os::kProgramSignals);
  if (is_set_apart_) {
    return wait_for_pinned();
  }
  if (!is_promised_) {
    has_queue_.store(0, std::memory_order_relaxed);
    scheduler->add_spare(this);
  }
  is_promised_ = false;
  constexpr std::chrono::seconds kKeep(1);
  while (has_queue_.load(std::memory_order_acquire) == 0) {
    const timespec until = real_moment_after(kKeep);
    const auto* word = reinterpret_cast<const std::uint32_t*>(&has_queue_);
    if (sys::futex_wait(word, 0, may_end_ && !is_kept_ ? &until : nullptr) == -ETIMEDOUT &&
        scheduler->remove_spare(this)) {
      return false;
    }
  }
  return queue.load(std::memory_order_relaxed) != nullptr;
}

void Worker::give_queue(RunQueue* given) {
  queue.store(given, std::memory_order_relaxed);
  has_queue_.store(1, std::memory_order_release);
  sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&has_queue_), 1);
}

void Worker::after_fork_in_child(RunQueue* given, bool may_allocate) {
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  libc_thread = arch::thread_pointer();
  if (may_end_) {
    // libc takes the stacks of all threads but the running one's for free, and the running one is
    // the fiber for it.
    idle = nullptr;
    if (may_allocate) {
      idle_context();
    }
  }
  may_end_ = false;  // it is the process's main thread now
  is_kept_ = false;
  pinned_ = nullptr;
  is_set_apart_ = false;
  is_changed_ = false;
  robust_list_ = nullptr;
  queue = given;
  mode = WorkerMode::kUser;
  has_napped_ = false;
}

}  // namespace weft::runtime
