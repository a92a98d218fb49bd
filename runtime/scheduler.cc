#include "runtime/scheduler.h"

#include <cstdlib>
#include <new>

#include "runtime/check.h"
#include "runtime/fiber_pool.h"
#include "runtime/os.h"
#include "runtime/overflow.h"
#include "runtime/parking_lot.h"
#include "runtime/settings.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {
namespace {

constinit std::atomic<std::uint64_t> next_id{1};
constinit std::atomic<Scheduler*> process_scheduler{nullptr};

// After the switch: whoever unparks from now on finds a parked fiber, and whoever did before left a
// token.
void finish_park(Fiber* left) {
  FiberState expected = FiberState::kRunning;
  if (!left->state.compare_exchange_strong(expected, FiberState::kParked,
                                           std::memory_order_acq_rel)) {
    // Exchanges, here and below: what an unpark's caller wrote before its token is seen by the
    // fiber's next run.
    left->state.exchange(FiberState::kReady, std::memory_order_acq_rel);
    left->scheduler->enqueue(left);
  }
}

void finish_yield(Fiber* left) {
  left->state.exchange(FiberState::kReady, std::memory_order_acq_rel);
  left->scheduler->enqueue(left);
}

}  // namespace

// Schedulers whose threads have ended. Their memory is kept for the next: an unpark may still come
// for their fibers.
struct Retired {
  SpinLock lock;
  Scheduler* head = nullptr;
};
static constinit Retired retired;

// One per kernel thread that started a scheduler: its destructor closes what the thread leaves
// behind. Fibers that have not ended by then never run again.
struct ThreadEnd {
  Scheduler* scheduler = nullptr;
  ThreadEnd() = default;
  ThreadEnd(const ThreadEnd&) = delete;
  ThreadEnd& operator=(const ThreadEnd&) = delete;
  ~ThreadEnd() {
    if (scheduler != nullptr) {
      scheduler->hub_.close();
      scheduler->main_worker_.retire();
      scheduler->main_.state = FiberState::kFree;
      const SpinGuard hold(retired.lock);
      scheduler->next_retired_ = retired.head;
      retired.head = scheduler;
    }
  }
  static void* take_memory() {
    const SpinGuard hold(retired.lock);
    Scheduler* const old = retired.head;
    if (old != nullptr) {
      retired.head = old->next_retired_;
    }
    return old;
  }
};

void park() {
  Fiber* const self = current();
  WEFT_CHECK(self != nullptr, "only a fiber parks");
  FiberState expected = FiberState::kNotified;
  if (self->state.compare_exchange_strong(expected, FiberState::kRunning,
                                          std::memory_order_acq_rel)) {
    return;
  }
  Worker::leave(self, {finish_park});
}

bool park_until(Deadline deadline) {
  if (deadline.is_never()) {
    park();
    return true;
  }
  Fiber* const self = current();
  WEFT_CHECK(self != nullptr, "only a fiber parks");
  RunQueue& queue = self->scheduler->queue();
  if (!queue.timers.arm(self->timer, deadline)) {
    yield();  // no memory for one more timer: wait by looking again
    return !deadline.passed();
  }
  if (running.worker->mode.load(std::memory_order_relaxed) == WorkerMode::kDetached) {
    queue.poke();
  }
  park();
  return Timers::cancel(self->timer);
}

void unpark(Fiber* fiber) {
  FiberState seen = fiber->state.load(std::memory_order_relaxed);
  for (;;) {
    FiberState wanted = seen;
    if (seen == FiberState::kParked) {
      wanted = FiberState::kReady;
    } else if (seen == FiberState::kRunning) {
      wanted = FiberState::kNotified;
    }
    // Also where nothing changes: the exchange orders what the caller wrote before what the fiber
    // reads when it runs.
    if (fiber->state.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel)) {
      break;
    }
  }
  if (seen == FiberState::kParked) {
    fiber->scheduler->enqueue(fiber);
  }
}

void yield() {
  Fiber* const self = current();
  if (self == nullptr) {
    sys::call(SYS_sched_yield);
    return;
  }
  Worker::leave(self, {finish_yield});
}

std::size_t default_stack_bytes(bool own_tls) {
  constexpr std::size_t kDefaultSpacing = std::size_t{256} << 10;
  return settings().stack_bytes != 0 ? settings().stack_bytes
                                     : fiber_pool::bytes_for_code(kDefaultSpacing, own_tls);
}

bool Scheduler::start() {
  if (hub_.open() != 0) {
    print_line("weft: cannot start: no descriptor for the hub. Raise `ulimit -n`.");
    return false;
  }
  os::become_multithreaded();
  main_.scheduler = this;
  main_.is_main = true;
  main_.id = next_id++;
  main_.tid = static_cast<pid_t>(sys::call(SYS_gettid));
  main_.state = FiberState::kRunning;
  set_name(main_, "main");
  if (!main_worker_.adopt(&main_, is_process_)) {
    hub_.close();
    return false;
  }
  main_worker_.queue = &queue_;
  holder_ = &main_worker_;
  list_ = nullptr;
  live_ = 0;
  link(&main_);
  overflow::watch_this_thread();
  return true;
}

Scheduler* Scheduler::current_or_start() {
  if (Scheduler* const known = current()) {
    return known;
  }
  static thread_local ThreadEnd end;
  void* memory = ThreadEnd::take_memory();
  if (memory == nullptr) {
    memory = os::map(sizeof(Scheduler));
  }
  end.scheduler = start_in(memory, false);
  return end.scheduler;
}

Scheduler* Scheduler::start_in(void* memory, bool is_process) {
  if (memory == nullptr) {
    return nullptr;
  }
  auto* const fresh = new (memory) Scheduler(is_process);
  return fresh->start() ? fresh : nullptr;
}

bool Scheduler::start_process() {
  Scheduler* const fresh = start_in(os::map(sizeof(Scheduler)), true);
  process_scheduler = fresh;
  return fresh != nullptr;
}

Scheduler* Scheduler::process() { return process_scheduler.load(std::memory_order_acquire); }

void Scheduler::link(Fiber* fiber) {
  const SpinGuard hold(list_lock_);
  fiber->list_previous = nullptr;
  fiber->list_next = list_;
  if (list_ != nullptr) {
    list_->list_previous = fiber;
  }
  list_ = fiber;
  live_.fetch_add(1, std::memory_order_relaxed);
}

void Scheduler::unlink(Fiber* fiber) {
  const SpinGuard hold(list_lock_);
  if (fiber->list_previous == nullptr) {
    list_ = fiber->list_next;
  } else {
    fiber->list_previous->list_next = fiber->list_next;
  }
  if (fiber->list_next != nullptr) {
    fiber->list_next->list_previous = fiber->list_previous;
  }
  live_.fetch_sub(1, std::memory_order_relaxed);
}

Fiber* Scheduler::spawn(const SpawnOptions& options, void (*run)(Fiber*), void* argument) {
  Fiber* const fiber = spawn_held(options, run, argument);
  if (fiber != nullptr) {
    release(fiber);
  }
  return fiber;
}

void Scheduler::release(Fiber* fiber) {
  fiber->state.store(FiberState::kReady, std::memory_order_release);
  enqueue(fiber);
  if (is_process_) {
    monitor_.start();
  }
}

void Scheduler::enqueue(Fiber* fiber) {
  Worker* const worker = running.worker;
  const bool holds_queue = worker != nullptr && worker->scheduler == this &&
                           worker->mode.load(std::memory_order_relaxed) == WorkerMode::kRuntime &&
                           worker->queue != nullptr && !worker->queue->is_busy();
  if (holds_queue) {
    worker->queue->push(fiber);
  } else {
    queue_.put(fiber);
  }
}

void Scheduler::end_main() {
  main_.end_state.fetch_or(Fiber::kHasEnded);
  lot::unpark(&main_.end_state, lot::kAll);
  const auto others_live = [this] { return !is_alone(); };
  while (others_live()) {
    lot::park(&live_, others_live);
  }
}

Fiber* Scheduler::spawn_held(const SpawnOptions& options, void (*run)(Fiber*), void* argument) {
  const bool own_stack = options.stack_low == nullptr;
  // Sharing means being bound to one kernel thread, which the process scheduler's fibers are not.
  const bool own_tls = options.own_tls || is_process_;
  const std::size_t bytes =
      options.stack_bytes != 0 ? options.stack_bytes : default_stack_bytes(own_tls);
  Fiber* const fiber = fiber_pool::take(own_stack ? bytes : 0, own_tls);
  if (fiber == nullptr) {
    return nullptr;
  }
  if (!own_stack) {
    fiber->stack_low = options.stack_low;
    fiber->stack_top = options.stack_top;
  }
  Fiber* const parent = runtime::current();
  fiber->id = next_id.fetch_add(1, std::memory_order_relaxed);
  fiber->scheduler = this;
  fiber->worker = holder();
  fiber->visible = fiber;
  fiber->signal_mask = parent != nullptr ? parent->signal_mask : main_.signal_mask;
  if (!fiber->own_tls) {
    fiber->thread_pointer = main_.thread_pointer;
  }
  fiber->run = run;
  fiber->argument = argument;
  set_name(*fiber, options.name);
  if (options.detached) {
    fiber->end_state.store(Fiber::kIsDetached, std::memory_order_relaxed);
  }
  prepare(fiber);
  link(fiber);
  return fiber;
}

void Scheduler::finish_end(Fiber* left) {
  Scheduler* const scheduler = left->scheduler;
  scheduler->unlink(left);
  if (scheduler->is_alone()) {
    lot::unpark(&scheduler->live_, lot::kAll);
  }
  const std::uint32_t before = left->end_state.fetch_or(Fiber::kHasEnded);
  if ((before & Fiber::kIsDetached) != 0) {
    fiber_pool::put(left);
  } else {
    lot::unpark(&left->end_state, lot::kAll);
  }
}

void Scheduler::end_current() {
  Fiber* const self = runtime::current();
  self->state.store(FiberState::kEnded, std::memory_order_release);
  Worker::leave(self, {finish_end});
  WEFT_CHECK(false, "nobody enters a fiber that has ended");
  __builtin_unreachable();
}

bool Scheduler::join(Fiber* fiber, Deadline deadline, void** result) {
  const auto has_not_ended = [fiber] {
    return (fiber->end_state.load(std::memory_order_acquire) & Fiber::kHasEnded) == 0;
  };
  while (has_not_ended()) {
    if (lot::park(&fiber->end_state, has_not_ended, {.deadline = deadline}) ==
        lot::Woken::kTimedOut) {
      return false;
    }
  }
  if (result != nullptr) {
    *result = fiber->result;
  }
  if (!fiber->is_main) {
    fiber_pool::put(fiber);
  }
  return true;
}

void Scheduler::detach(Fiber* fiber) {
  const std::uint32_t before = fiber->end_state.fetch_or(Fiber::kIsDetached);
  if ((before & Fiber::kHasEnded) != 0) {
    fiber_pool::put(fiber);
  }
}

void Scheduler::on_signal() {
  if (main_.interruptible.load(std::memory_order_relaxed)) {
    main_.interrupted = true;
    runtime::unpark(&main_);
  }
}

void Scheduler::after_fork_in_child() {
  Scheduler* const scheduler = current();
  if (scheduler == nullptr) {
    return;
  }
  Fiber* const self = runtime::current();
  lot::after_fork_in_child();
  for_each_fd_slot([](int, FdSlot& slot) { slot.forget_process(); });
  scheduler->hub_.close();
  scheduler->list_lock_.unlock();
  scheduler->list_ = nullptr;
  scheduler->live_ = 0;
  scheduler->queue_.after_fork_in_child();
  scheduler->monitor_.after_fork_in_child();
  scheduler->spares_lock_.unlock();
  scheduler->spares_ = nullptr;
  scheduler->kernel_threads_ = 1;
  scheduler->holder_ = running.worker;
  running.worker->after_fork_in_child(&scheduler->queue_);
  if (self->is_main) {
    self->tid = static_cast<pid_t>(sys::call(SYS_gettid));
  } else if (self->own_tls) {
    tcb::set_tid(self->thread_pointer, self->tid);  // the kernel has put the child's own there
  }
  WEFT_CHECK(scheduler->hub_.open() == 0, "a forked child has two descriptors for its hub");
  scheduler->link(self);
}

}  // namespace weft::runtime
