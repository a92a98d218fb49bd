#include "runtime/worker.h"

#include <signal.h>

#include "runtime/arch/thread_pointer.h"
#include "runtime/check.h"
#include "runtime/fiber_pool.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

constexpr std::size_t kIdleStack = std::size_t{64} << 10;
constexpr std::size_t kKernelMaskBytes = 8;

void start_running(Worker* worker, Fiber* fiber) {
  fiber->worker = worker;
  // An exchange, not a store: whoever unparks a ready fiber does nothing, and relies on this fiber then seeing what was
  // written before the unpark.
  fiber->state.exchange(FiberState::kRunning, std::memory_order_acq_rel);
}

}  // namespace

bool Worker::adopt(Scheduler* owner, Fiber* main) {
  scheduler = owner;
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  sys::call(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &kernel_mask_, kKernelMaskBytes);
  idle = fiber_pool::take(kIdleStack, false);
  if (idle == nullptr) {
    return false;
  }
  main->worker = this;
  main->visible = main;
  main->thread_pointer = arch::thread_pointer();
  main->signal_mask = kernel_mask_;
  idle->thread_pointer = main->thread_pointer;
  idle->worker = this;
  idle->visible = nullptr;
  idle->signal_mask = kernel_mask_;
  idle->run = idle_main;
  idle->state = FiberState::kRunning;
  prepare(idle);
  running = {main, this};
  return true;
}

void Worker::retire() {
  running = {nullptr, nullptr};
  fiber_pool::put(idle);
  idle = nullptr;
}

void Worker::apply_signal_mask(std::uint64_t mask) {
  kernel_mask_ = mask;
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, kKernelMaskBytes);
}

void Worker::leave(Fiber* self, AfterSwitch after) {
  Fiber* const next = pick();
  if (next->signal_mask != kernel_mask_) {
    apply_signal_mask(next->signal_mask);
  }
  ++switches;
  switch_to(self, next, after);
}

void Worker::push(Fiber* fiber) {
  queue_busy_ = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  fiber->next = nullptr;
  if (head_ == nullptr) {
    head_ = fiber;
  } else {
    tail_->next = fiber;
  }
  tail_ = fiber;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  queue_busy_ = false;
}

Fiber* Worker::pop() {
  queue_busy_ = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  Fiber* const fiber = head_;
  if (fiber != nullptr) {
    head_ = fiber->next;
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
  queue_busy_ = false;
  return fiber;
}

Fiber* Worker::pick() {
  if (++picks_ % kPicksBetweenPolls != 0) {
    if (inbox_.load(std::memory_order_relaxed) != nullptr) {
      drain_inbox();
    }
    if (Fiber* const next = pop()) {
      start_running(this, next);
      return next;
    }
  }
  return idle;
}

void Worker::put_into_inbox(Fiber* fiber) {
  Fiber* first = inbox_.load(std::memory_order_relaxed);
  do {
    fiber->next = first;
  } while (!inbox_.compare_exchange_weak(first, fiber, std::memory_order_seq_cst));
  // Invariant 2. Whoever turns asleep_ off does the waking, so a burst of wake-ups costs one write.
  if (asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false)) {
    scheduler->hub().wake();
  }
}

void Worker::drain_inbox() {
  Fiber* newest = inbox_.exchange(nullptr, std::memory_order_acquire);
  Fiber* oldest = nullptr;
  while (newest != nullptr) {
    Fiber* const next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    Fiber* const next = oldest->next;
    push(oldest);
    oldest = next;
  }
}

void Worker::enqueue(Fiber* fiber) {
  if (running.worker == this && !queue_busy_) {
    push(fiber);
  } else {
    put_into_inbox(fiber);
  }
}

bool Worker::fire_timers() {
  if (timers.empty()) {
    return false;
  }
  bool fired = false;
  const std::int64_t now = now_ns();
  while (Timer* const timer = timers.take_expired(now)) {
    auto* const fiber = reinterpret_cast<Fiber*>(reinterpret_cast<char*>(timer) -
                                                 __builtin_offsetof(Fiber, timer));
    fired = true;
    unpark(fiber);
  }
  return fired;
}

void Worker::poll_hub() {
  Deadline until = Deadline::at(0);
  if (head_ == nullptr) {
    asleep_.store(true, std::memory_order_seq_cst);
    if (inbox_.load(std::memory_order_seq_cst) == nullptr) {
      until = timers.empty() ? Deadline::never() : timers.soonest();
    }
  }
  const Hub::Polled polled = scheduler->hub().poll(until);
  asleep_.store(false, std::memory_order_relaxed);
  if (polled == Hub::Polled::kSignal) {
    scheduler->on_signal();
  }
}

void Worker::idle_main(Fiber* self) { self->worker->idle_loop(); }

void Worker::idle_loop() {
  for (;;) {
    drain_inbox();
    fire_timers();
    poll_hub();
    if (inbox_.load(std::memory_order_relaxed) != nullptr) {
      drain_inbox();
    }
    if (Fiber* const next = pop()) {
      start_running(this, next);
      if (next->signal_mask != kernel_mask_) {
        apply_signal_mask(next->signal_mask);
      }
      ++switches;
      switch_to(idle, next, {});
    }
  }
}

void Worker::after_fork_in_child() {
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  head_ = nullptr;
  tail_ = nullptr;
  queue_busy_ = false;
  inbox_ = nullptr;
  asleep_ = false;
  timers.clear();
  // The idle context may have been in the middle of a poll: it starts anew.
  prepare(idle);
}

}  // namespace weft::runtime
