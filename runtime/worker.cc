#include "runtime/worker.h"

#include <signal.h>

#include <cerrno>

#include "runtime/arch/thread_pointer.h"
#include "runtime/check.h"
#include "runtime/fiber_pool.h"
#include "runtime/os.h"
#include "runtime/overflow.h"
#include "runtime/scheduler.h"
#include "runtime/sys.h"

namespace weft::runtime {
namespace {

constexpr std::size_t kIdleStack = std::size_t{64} << 10;
constexpr std::size_t kKernelMaskBytes = 8;

}  // namespace

bool Worker::adopt(Fiber* main, bool own_tls) {
  is_promised_ = false;
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  sys::call(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &kernel_mask, kKernelMaskBytes);
  // Where main may run on another kernel thread meanwhile, idle must not use main's TLS.
  idle = fiber_pool::take(kIdleStack, own_tls);
  if (idle == nullptr) {
    return false;
  }
  main->visible = main;
  main->own_tls = own_tls;
  main->thread_pointer = arch::thread_pointer();
  main->signal_mask = kernel_mask;
  if (!own_tls) {
    idle->thread_pointer = main->thread_pointer;
  }
  idle->visible = nullptr;
  idle->signal_mask = kernel_mask;
  idle->run = idle_main;
  idle->state = FiberState::kRunning;
  prepare(idle);
  start_running(main);
  running = {main, this};
  entered_fiber();
  return true;
}

void Worker::retire() {
  running = {nullptr, nullptr};
  fiber_pool::put(idle);
  idle = nullptr;
}

void Worker::run_kernel_thread() {
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  may_end_ = true;
  kernel_mask = os::kProgramSignals;  // as os::start_thread made it
  native_.thread_pointer = arch::thread_pointer();
  native_.own_tls = true;
  native_.state = FiberState::kRunning;
  idle = &native_;
  running = {nullptr, this};
  overflow::watch_this_thread();
  while (idle_loop()) {
  }
  running = {nullptr, nullptr};
}

void Worker::apply_signal_mask(std::uint64_t mask) {
  kernel_mask = mask;
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, kKernelMaskBytes);
}

void Worker::start_running(Fiber* next_fiber) {
  next_fiber->worker = this;
  fiber.store(next_fiber, std::memory_order_relaxed);
  // An exchange, not a store: whoever unparks a ready fiber does nothing, and relies on this fiber
  // then seeing what was written before the unpark.
  next_fiber->state.exchange(FiberState::kRunning, std::memory_order_acq_rel);
}

void Worker::leave(Fiber* self, AfterSwitch after) {
  Worker* const worker = running.worker;
  WorkerMode user = WorkerMode::kUser;
  Fiber* next = nullptr;
  if (worker->mode.compare_exchange_strong(user, WorkerMode::kRuntime, std::memory_order_acq_rel)) {
    next = worker->queue->pick();
  } else {
    worker->mode.store(WorkerMode::kRuntime, std::memory_order_relaxed);
  }
  if (next != nullptr) {
    worker->start_running(next);
    if (next->signal_mask != worker->kernel_mask) {
      worker->apply_signal_mask(next->signal_mask);
    }
  } else {
    next = worker->idle;
  }
  switch_to(self, next, after);
}

void Worker::run(Fiber* next_fiber) {
  start_running(next_fiber);
  if (next_fiber->signal_mask != kernel_mask) {
    apply_signal_mask(next_fiber->signal_mask);
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
  if (queue == nullptr) {
    return wait_as_spare();
  }
  queue->fire_timers();
  const std::uint64_t mask = scheduler->idle_signal_mask();
  if (mask != kernel_mask) {
    apply_signal_mask(mask);
  }
  if (queue->poll_hub()) {
    scheduler->on_signal();
  }
  queue->fire_timers();
  if (Fiber* const next_fiber = queue->pop()) {
    scheduler->wake_monitor();
    run(next_fiber);
  }
  return true;
}

bool Worker::wait_as_spare() {
  // The program's handlers run where its fibers run.
  apply_signal_mask(os::kProgramSignals);
  if (!is_promised_) {
    has_queue_.store(0, std::memory_order_relaxed);
    scheduler->add_spare(this);
  }
  is_promised_ = false;
  constexpr std::chrono::seconds kKeep(1);
  while (has_queue_.load(std::memory_order_acquire) == 0) {
    const timespec until = Deadline::after(kKeep).to_timespec();
    const auto* word = reinterpret_cast<const std::uint32_t*>(&has_queue_);
    if (sys::futex_wait(word, 0, may_end_ ? &until : nullptr) == -ETIMEDOUT &&
        scheduler->remove_spare(this)) {
      return false;
    }
  }
  return true;
}

RunQueue* Worker::take_queue() {
  WorkerMode user = WorkerMode::kUser;
  if (!mode.compare_exchange_strong(user, WorkerMode::kDetached, std::memory_order_acq_rel)) {
    return nullptr;
  }
  RunQueue* const taken = queue;
  queue = nullptr;
  return taken;
}

void Worker::give_queue(RunQueue* given) {
  queue = given;
  has_queue_.store(1, std::memory_order_release);
  sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&has_queue_), 1);
}

void Worker::after_fork_in_child(RunQueue* given) {
  kernel_tid = static_cast<pid_t>(sys::call(SYS_gettid));
  may_end_ = false;  // it is the process's main thread now
  queue = given;
  mode = WorkerMode::kUser;
}

}  // namespace weft::runtime
