// scheduler_life.cc: how schedulers start and end, and what a fork does to them.
#include <signal.h>

#include <algorithm>
#include <new>

#include "runtime/check.h"
#include "runtime/cpu_time.h"
#include "runtime/fiber_pool.h"
#include "runtime/fiber_signals.h"
#include "runtime/overflow.h"
#include "runtime/parking_lot.h"
#include "runtime/scheduler.h"
#include "runtime/settings.h"
#include "runtime/switch_watch.h"
#include "runtime/sys.h"
#include "runtime/tcb.h"

namespace weft::runtime {
namespace {

constinit std::atomic<Scheduler*> process_scheduler{nullptr};

// Schedulers that have ended. Their memory is kept for the next: an unpark may still come for their
// fibers.
struct Retired {
  SpinLock lock;
  Scheduler* head = nullptr;
};
constinit Retired retired_of_threads;
constinit Retired retired_pools;

}  // namespace

// One per kernel thread that started a scheduler: its destructor closes what the thread leaves
// behind. Fibers that have not ended by then never run again.
struct ThreadEnd {
  Scheduler* scheduler = nullptr;
  ThreadEnd() = default;
  ThreadEnd(const ThreadEnd&) = delete;
  ThreadEnd& operator=(const ThreadEnd&) = delete;
  ~ThreadEnd() {
    if (scheduler != nullptr) {
      const bool is_ours = scheduler->is_of_this_process();
      if (!is_ours) {
        scheduler->forget_other_threads();
      }
      scheduler->monitor_.stop_here();
      scheduler->close_gate();
      scheduler->await_visitors();
      scheduler->idle_.shut();
      scheduler->hub_.close(is_ours);
      scheduler->main_worker_.retire();
      scheduler->main_.state = FiberState::kFree;
      keep(retired_of_threads, scheduler);
    }
  }
  static void keep(Retired& retired, Scheduler* scheduler) {
    const SpinGuard hold(retired.lock);
    scheduler->next_retired_ = retired.head;
    retired.head = scheduler;
  }
  // Memory for a scheduler of so many workers.
  static void* take_memory(Retired& retired, int workers) {
    {
      const SpinGuard hold(retired.lock);
      for (Scheduler** link = &retired.head; *link != nullptr; link = &(*link)->next_retired_) {
        if (Scheduler* const old = *link; old->workers_ == workers) {
          *link = old->next_retired_;
          return old;
        }
      }
    }
    return os::map(Scheduler::bytes(workers));
  }
};

std::size_t Scheduler::bytes(int workers) {
  static_assert(sizeof(Scheduler) % alignof(RunQueue) == 0, "the queues follow the scheduler");
  return sizeof(Scheduler) + static_cast<std::size_t>(workers) * sizeof(RunQueue);
}

Scheduler::Scheduler(Kind kind, int workers, std::optional<std::uint64_t> seed)
    : idle_(hub_),
      main_worker_(this),
      monitor_(*this),
      queues_(reinterpret_cast<RunQueue*>(this + 1)),
      workers_(workers),
      kind_(kind) {
  if (seed) {
    seeded_.emplace(*seed);
    Seeded::announce();
  }
  for (int i = 0; i < workers; ++i) {
    new (queues_ + i) RunQueue(inbox_, has_migration(), seeded());
  }
}

// The kernel ties an io_uring, and all that it does for it, to one kernel thread. A seeded order
// must not depend on what the kernel has done by when.
Hub::Options Scheduler::hub_options() const {
  const bool is_of_thread = kind_ == Kind::kThread;
  return {.own_alarm = is_of_thread, .ring = settings().has_ring && is_of_thread && !seeded_};
}

bool Scheduler::start() {
  if (hub_.open(hub_options()) != 0) {
    print_line("weft: cannot start: no descriptor for the hub. Raise `ulimit -n`.");
    return false;
  }
  // Under the hooks a signal handler that waits leaves its thread to another fiber in the middle of
  // whatever it has interrupted.
  if (kind_ != Kind::kThread || os::is_hooked()) {
    os::become_multithreaded();
  }
  process_id_ = static_cast<pid_t>(sys::call(SYS_getpid));
  main_.scheduler = this;
  if (kind_ == Kind::kPool) {
    main_.signal_mask = sys::signal_mask();
    add_holder();
    return holders() == 1;
  }
  main_.is_main = true;
  main_.id = new_fiber_id();
  main_.tid = static_cast<pid_t>(sys::call(SYS_gettid));
  main_.state = FiberState::kRunning;
  set_name(main_, "main");
  if (!main_worker_.adopt(&main_, has_migration())) {
    return false;
  }
  main_worker_.queue = queues_;
  queues_[0].holder = &main_worker_;
  holders_ = 1;
  kernel_threads_ = 1;
  unawaited_ = 1;
  link(&main_);
  overflow::watch();
  return true;
}

Scheduler* Scheduler::start_in(void* memory, Kind kind, int workers,
                               std::optional<std::uint64_t> seed) {
  if (memory == nullptr) {
    return nullptr;
  }
  auto* const fresh = new (memory) Scheduler(kind, workers, seed);
  if (!fresh->start()) {
    fresh->hub_.close();
    return nullptr;
  }
  return fresh;
}

Scheduler* Scheduler::current_or_start() {
  if (Scheduler* const known = current()) {
    return known;
  }
  static thread_local ThreadEnd end;
  end.scheduler = start_in(ThreadEnd::take_memory(retired_of_threads, 1), Kind::kThread, 1,
                           settle_settings().seed);
  return end.scheduler;
}

bool Scheduler::start_process(int workers) {
  const Settings& chosen = settle_settings();
  workers = chosen.workers != 0 ? chosen.workers : std::clamp(workers, 1, kMostWorkers);
  workers = chosen.seed ? 1 : workers;
  Scheduler* const fresh = start_in(os::map(bytes(workers)), Kind::kProcess, workers, chosen.seed);
  process_scheduler = fresh;
  return fresh != nullptr;
}

Scheduler* Scheduler::process() { return process_scheduler.load(std::memory_order_acquire); }

bool Scheduler::is_of_this_process() const { return process_id_ == sys::call(SYS_getpid); }

Scheduler* Scheduler::start_pool(int workers, std::optional<std::uint64_t> seed) {
  const Settings& chosen = settle_settings();
  seed = seed ? seed : chosen.seed;
  workers = seed ? 1 : workers;
  return start_in(ThreadEnd::take_memory(retired_pools, workers), Kind::kPool, workers, seed);
}

Gate& Scheduler::gate() {
  Gate* gate = gate_.load();
  if (gate == nullptr) {
    auto* const fresh = new Gate(*this);
    if (gate_.compare_exchange_strong(gate, fresh)) {
      return *fresh;
    }
    fresh->release();
  }
  return *gate;
}

void Scheduler::close_gate() {
  if (Gate* const gate = gate_.exchange(nullptr)) {
    gate->close();
    gate->release();
  }
}

void Scheduler::await_visitors() const {
  yield_cpu_until([this] { return !inbox_.has_visitors(); });
}

void Scheduler::end_pool() {
  lot::park_while(&live_, [this] { return live_.load() != 0; });
  close_gate();
  lot::park_while(&live_, [this] { return live_.load() != 0; });  // who came in just before
  monitor_.stop();
  is_ending_.store(true, std::memory_order_seq_cst);
  idle_.wake_one();
  end_spares();
  lot::park_while(&kernel_threads_, [this] { return kernel_threads_.load() != 0; });
  await_visitors();
  idle_.shut();
  hub_.close();
  ThreadEnd::keep(retired_pools, this);
}

void Scheduler::before_fork() {
  fiber_pool::lock_for_fork();
  if (Scheduler* const scheduler = current()) {
    scheduler->spares_lock_.lock();
    scheduler->list_lock_.lock();
  }
}

void Scheduler::after_fork_in_parent() {
  if (Scheduler* const scheduler = current()) {
    scheduler->list_lock_.unlock();
    scheduler->spares_lock_.unlock();
  }
  fiber_pool::unlock_after_fork();
}

void Scheduler::after_fork_in_child(bool may_allocate) {
  after_fork_in_parent();
  switch_watch::after_fork_in_child(runtime::current());
  if (Scheduler* const scheduler = current()) {
    scheduler->restart_in_child(may_allocate);
  } else {  // a kernel thread that is none of ours has forked: no fiber lives here
    process_scheduler = nullptr;
    lot::after_fork_in_child();
    fiber_signals::after_fork_in_child();
  }
}

// In a child, which none of them has come along to.
void Scheduler::forget_other_threads() {
  idle_.after_fork_in_child();
  monitor_.after_fork_in_child();
  inbox_.forget_visitors();
  if (Gate* const gate = gate_.load()) {
    gate->after_fork_in_child();
  }
}

void Scheduler::restart_in_child(bool may_allocate) {
  Fiber* const self = runtime::current();
  leader_ = self;
  accepted_signals_ = ~self->signal_mask.load();
  process_id_ = static_cast<pid_t>(sys::call(SYS_getpid));
  lot::after_fork_in_child();
  fiber_signals::after_fork_in_child();
  fiber_signals::drop_all(*self);
  for_each_fd_slot([](int, FdSlot& slot) { slot.forget_process(); });
  hub_.close(false);
  list_ = nullptr;
  live_ = 0;
  hand_off_lock_.after_fork_in_child();
  for (int i = 0; i < workers_; ++i) {
    queues_[i].after_fork_in_child();
  }
  inbox_.clear();
  forget_other_threads();
  spares_ = nullptr;
  background_ = self->is_background ? 1 : 0;
  unawaited_ = self->is_main ? 1 : 0;
  idlers_ = 0;
  outside_waits_ = self->outside_waits;  // it may have forked within a call that says so
  kernel_threads_ = 1;
  self->pinned = nullptr;  // the child has one kernel thread, and the others that come inherit
  running.worker->after_fork_in_child(queues_, may_allocate);
  queues_[0].holder = running.worker;
  holders_ = 1;
  self->tid = process_id_;  // the child's first thread; the kernel has put that into its block
  WEFT_CHECK(hub_.open(hub_options()) == 0, "a forked child has descriptors for its hub");
  cpu_time::restart(*self);
  link(self);
}

}  // namespace weft::runtime
