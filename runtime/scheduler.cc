#include "runtime/scheduler.h"

#include <algorithm>

#include "runtime/check.h"
#include "runtime/fiber_pool.h"
#include "runtime/fiber_signals.h"
#include "runtime/interruptible.h"
#include "runtime/may_wait.h"
#include "runtime/parking_lot.h"
#include "runtime/settings.h"
#include "runtime/stuck_report.h"
#include "runtime/switch_watch.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {
namespace {

// After the switch: whoever unparks from now on finds a parked fiber, and whoever did before left a
// token.
void finish_park(Fiber* left) {
  FiberState expected = FiberState::kRunning;
  if (!detail::compare_exchange(left->state, expected, FiberState::kParked,
                                std::memory_order_acq_rel)) {
    // Exchanges, here and below: what an unpark's caller wrote before its token is seen by the
    // fiber's next run.
    detail::exchange(left->state, FiberState::kReady, std::memory_order_acq_rel);
    left->scheduler->enqueue(left);
  }
}

// It stays kRunning, or kNotified: an unpark that comes while it is queued leaves a token.
void finish_yield(Fiber* left) { left->scheduler->enqueue(left); }

}  // namespace

void park() {
  check_may_wait();
  Fiber* const self = current();
  WEFT_CHECK(self != nullptr, "only a fiber parks");
  // Only an unpark changes it meanwhile: one that comes behind the look is seen by finish_park().
  if (self->state.load(std::memory_order_relaxed) == FiberState::kNotified) {
    detail::exchange(self->state, FiberState::kRunning, std::memory_order_acq_rel);
    return;
  }
  Worker::leave(self, {finish_park});
}

bool park_until(Deadline deadline) {
  check_may_wait();
  if (deadline.is_never()) {
    park();
    return true;
  }
  Fiber* const self = current();
  WEFT_CHECK(self != nullptr, "only a fiber parks");
  if (!self->scheduler->timers().arm(self->timer, deadline)) {
    yield();  // no memory for one more timer: wait by looking again
    return !deadline.passed();
  }
  self->scheduler->set_alarm(deadline);
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
    if (detail::compare_exchange(fiber->state, seen, wanted, std::memory_order_acq_rel)) {
      break;
    }
  }
  if (seen == FiberState::kParked) {
    fiber->scheduler->enqueue(fiber);
  }
}

void yield() {
  check_may_wait();
  Fiber* const self = current();
  if (self == nullptr) {
    sys::call(SYS_sched_yield);
    return;
  }
  if (!running.worker->may_skip_yield()) {
    Worker::leave(self, {finish_yield});
  } else if (__builtin_expect(switch_watch::watchers.load(std::memory_order_relaxed) != 0, 0)) {
    switch_watch::gave_turn(*self);
  }
}

std::size_t default_stack_bytes(bool own_tls) {
  constexpr std::size_t kDefaultSpacing = std::size_t{256} << 10;
  return settings().stack_bytes != 0 ? settings().stack_bytes
                                     : fiber_pool::bytes_for_code(kDefaultSpacing, own_tls);
}

std::uint64_t Scheduler::new_fiber_id() {
  static constinit std::atomic<std::uint64_t> next{1};
  return detail::fetch_add(next, std::uint64_t{1}, std::memory_order_relaxed);
}

Fiber* Scheduler::fiber_of_tid(pid_t tid) {
  if (tid == process_id_) {
    return &leader();
  }
  Fiber* found = nullptr;
  for_each_fiber([&](Fiber& fiber) { found = fiber.tid == tid ? &fiber : found; });
  return found;
}

void Scheduler::rename(Fiber& fiber, const char* name) {
  const SpinGuard hold(list_lock_);
  set_name(fiber, name);
}

std::string Scheduler::name_of(const Fiber& fiber) {
  const SpinGuard hold(list_lock_);
  return fiber.name;
}

void Scheduler::link(Fiber* fiber) {
  const SpinGuard hold(list_lock_);
  fiber->list_previous = nullptr;
  fiber->list_next = list_;
  if (list_ != nullptr) {
    list_->list_previous = fiber;
  }
  list_ = fiber;
  detail::fetch_add(live_, 1, std::memory_order_seq_cst);
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
  // Before tell_of_few() looks at who waits, or is about to.
  detail::fetch_add(live_, -1, std::memory_order_seq_cst);
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
  if (has_migration() || reports_stuck()) {
    monitor_.start();
  }
  if (has_migration() && needs_holder()) {
    add_holder();
  }
}

// A worker between two fibers takes the next one itself; what is behind that is for others. A fiber
// goes on running.
void Scheduler::enqueue(Fiber* fiber) {
  if (fiber->pinned != nullptr) {
    fiber->pinned->wake_for_pinned();
    return;
  }
  Worker* const worker = running.worker;
  RunQueue* const own = worker != nullptr && worker->scheduler == this
                            ? worker->queue.load(std::memory_order_relaxed)
                            : nullptr;
  if (own == nullptr || !own->try_push(fiber)) {
    const bool may_end = kind_ != Kind::kProcess;
    if (may_end) {
      inbox_.enter();
    }
    inbox_.put(fiber);
    idle_.wake_one();
    if (may_end) {
      inbox_.leave();
    }
  } else if (worker->mode.load(std::memory_order_relaxed) != WorkerMode::kRuntime ||
             own->size() > 1) {
    idle_.wake_one();
  }
}

Fiber* Scheduler::steal(RunQueue& thief) {
  const int count = holders();
  const auto self = static_cast<int>(&thief - queues_);
  for (int i = 1; i < count; ++i) {
    if (Fiber* const fiber = thief.steal_from(queues_[(self + i) % count])) {
      return fiber;
    }
  }
  return nullptr;
}

bool Scheduler::has_ready() const {
  if (!inbox_.is_empty()) {
    return true;
  }
  for (int i = 0; i < holders(); ++i) {
    if (queues_[i].size() != 0) {
      return true;
    }
  }
  return false;
}

std::uint64_t Scheduler::picks() const {
  std::uint64_t sum = 0;
  for (int i = 0; i < holders(); ++i) {
    sum += queues_[i].picks();
  }
  return sum;
}

void Scheduler::fire_timers() {
  const std::int64_t now = now_ns();
  Deadline next = Deadline::never();
  for (int i = 0; i < workers_; ++i) {
    while (Timer* const timer = queues_[i].timers.take_expired(now)) {
      unpark(reinterpret_cast<Fiber*>(reinterpret_cast<char*>(timer) -
                                      __builtin_offsetof(Fiber, timer)));
    }
    next = std::min(next, queues_[i].timers.soonest());
  }
  set_alarm(next);
}

Deadline Scheduler::soonest_deadline() {
  Deadline soonest = Deadline::never();
  for (int i = 0; i < workers_; ++i) {
    soonest = std::min(soonest, queues_[i].timers.soonest());
  }
  return soonest;
}

Fiber* Scheduler::spawn_held(const SpawnOptions& options, void (*run)(Fiber*), void* argument) {
  const bool own_stack = options.stack_low == nullptr;
  // Sharing means being bound to one kernel thread. Under sanitizers, where nobody can make TLS,
  // the fibers of a pool borrow it from the kernel thread that runs them just then.
  const bool own_tls = options.own_tls || (has_migration() && tcb::available());
  const std::size_t bytes =
      options.stack_bytes != 0 ? options.stack_bytes : default_stack_bytes(own_tls);
  Fiber* const fiber =
      fiber_pool::take(own_stack ? bytes : 0, own_tls, own_stack ? options.guard_bytes : 0);
  if (fiber == nullptr) {
    return nullptr;
  }
  if (!own_stack) {
    fiber->stack_low = options.stack_low;
    fiber->stack_top = options.stack_top;
  }
  fiber->asked_stack = options.stack_bytes;
  fiber->asked_guard = own_stack ? options.guard_bytes : 0;
  Fiber* const parent = runtime::current();
  fiber->id = new_fiber_id();
  fiber->parent_id = parent != nullptr ? parent->id : 0;
  fiber->scheduler = this;
  fiber->worker.store(nullptr, std::memory_order_relaxed);
  fiber->visible = fiber;
  const auto& mask = parent != nullptr ? parent->signal_mask : main_.signal_mask;
  fiber->signal_mask.store(mask.load(std::memory_order_relaxed), std::memory_order_relaxed);
  if (!fiber->own_tls) {
    fiber->thread_pointer = main_.thread_pointer;  // of a pool: null, whatever there is
  }
  fiber->run = run;
  fiber->argument = argument;
  fiber->is_background = options.background;
  set_name(*fiber, options.name);
  if (options.detached) {
    fiber->end_state.store(Fiber::kIsDetached, std::memory_order_relaxed);
  }
  prepare(fiber);
  link(fiber);
  if (options.background) {
    background_.fetch_add(1);  // not before, or live_ might seem to count none but these; see below
    tell_of_few();             // who has looked in between took it for one that is waited for
  }
  return fiber;
}

void Scheduler::finish_end(Fiber* left) {
  Scheduler* const scheduler = left->scheduler;
  if (left->pinned != nullptr) {
    left->pinned->unpin();
    left->pinned = nullptr;
  }
  if (left->is_background) {
    scheduler->background_.fetch_sub(1);
  }
  scheduler->unlink(left);
  scheduler->tell_of_few();
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

lot::Woken Scheduler::join(Fiber* fiber, Deadline deadline, void** result, bool interruptible) {
  const auto has_not_ended = [fiber] {
    return (fiber->end_state.load(std::memory_order_acquire) & Fiber::kHasEnded) == 0;
  };
  while (has_not_ended()) {
    const lot::Woken woken = lot::park(
        &fiber->end_state, has_not_ended,
        {.deadline = deadline, .interruptible = interruptible, .kind = WaitReason::Kind::kJoin});
    if (woken == lot::Woken::kTimedOut || woken == lot::Woken::kInterrupted) {
      return woken;
    }
  }
  if (result != nullptr) {
    *result = fiber->result;
  }
  if (!fiber->is_main) {
    fiber_pool::put(fiber);
  }
  return lot::Woken::kUnparked;
}

void Scheduler::detach(Fiber* fiber) {
  const std::uint32_t before = fiber->end_state.fetch_or(Fiber::kIsDetached);
  if ((before & Fiber::kHasEnded) != 0 && !fiber->is_main) {
    fiber_pool::put(fiber);
  }
}

namespace {

bool must_act(const Fiber& fiber) { return fiber_signals::can_run(fiber) || must_cancel(fiber); }

// What it must act on where it runs, and not only at its next call of ours. It may have gone on
// elsewhere by the time that the signal comes.
void signal_if_it_runs(const Fiber& fiber) {
  const bool acts = fiber_signals::can_run(fiber) || must_cancel_at_once(fiber);
  if (acts && state_of(fiber) == FiberState::kRunning) {
    sys::call(SYS_tgkill, sys::call(SYS_getpid), fiber.worker.load()->kernel_tid,
              os::kCancelSignal);
  }
}

}  // namespace

void Scheduler::call(Fiber& fiber) {
  fiber.called = true;
  has_called_ = true;
  if (must_act(fiber)) {
    interrupt(fiber);
    signal_if_it_runs(fiber);
  }
}

void Scheduler::repeat_call(Fiber& fiber) {
  if (!fiber.called.exchange(false) || !must_act(fiber)) {
    return;
  }
  fiber.called = true;
  has_called_.store(true, std::memory_order_relaxed);
  signal_if_it_runs(fiber);
}

void Scheduler::on_signal() {
  if (!fiber_signals::has_announced_handlers()) {
    leader_->unknown_handler_ran = true;
    interrupt(*leader_);
  }
}

}  // namespace weft::runtime
