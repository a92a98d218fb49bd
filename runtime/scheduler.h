// scheduler.h: workers, hub and fibers that belong together; park() and unpark(), the only two ways
// to wait and to wake.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("States of a fiber").
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/context.h"
#include "runtime/deadline.h"
#include "runtime/fiber.h"
#include "runtime/gate.h"
#include "runtime/hub.h"
#include "runtime/idle_workers.h"
#include "runtime/inbox.h"
#include "runtime/monitor.h"
#include "runtime/os.h"
#include "runtime/parking_lot.h"
#include "runtime/run_queue.h"
#include "runtime/seeded.h"
#include "runtime/spin_lock.h"
#include "runtime/worker.h"

namespace weft::runtime {

/// Parks the running fiber until somebody unparks it. May return too early: callers check what they
/// wait for, in a loop.
void park();

/// As park(), at most until `deadline`. Returns false if the deadline ended it.
bool park_until(Deadline deadline);

/// Makes a parked fiber ready; the next park of a running one returns at once. Once or twice too
/// often does no harm. Threads: any, and signal handlers.
void unpark(Fiber* fiber);

struct SpawnOptions {
  std::size_t stack_bytes = 0;  // 0: the scheduler's default
  bool own_tls = false;
  bool detached = false;
  bool background = false;
  const char* name = "";
  std::size_t guard_bytes = 0;  // whole pages; one page is there in any case
  char* stack_low = nullptr;    // the caller's own stack memory, if any
  char* stack_top = nullptr;
};

/// Fibers, and the workers that run them.
class Scheduler {
 public:
  enum class Kind : std::uint8_t {
    kThread,   // one worker, the kernel thread that started it: its fibers stay there
    kProcess,  // under LD_PRELOAD and after patch_all: the threads of the program
    kPool,     // kernel threads of its own only, and no main fiber
  };

  /// The scheduler of the running fiber or kernel thread; null if it has none yet.
  static Scheduler* current() {
    return running.worker == nullptr ? nullptr : running.worker->scheduler;
  }
  /// The same, started if need be: the running code becomes its main fiber. Null when descriptors
  /// or memory are short.
  static Scheduler* current_or_start();

  /// Starts the one scheduler of the process on the calling thread, with as many workers as
  /// WEFT_WORKERS says, or else the given number; one, if WEFT_SEED is set. False when it can't.
  static bool start_process(int workers);
  static Scheduler* process();

  /// Starts one with `workers` kernel threads of its own, from the first fibers on. With a seed it
  /// has one. Null when descriptors or memory are short.
  static Scheduler* start_pool(int workers, std::optional<std::uint64_t> seed);
  /// Waits until all of a pool's fibers have ended but background ones.
  void wait_for_foreground();
  /// Waits until all of a pool's fibers have ended, and ends its kernel threads. The last use of
  /// it.
  void end_pool();

  /// Makes a fiber that will execute run(fiber) with fiber->argument == argument. Null when memory
  /// is short (a message was printed once). `run` must not return: it ends with end_current().
  Fiber* spawn(const SpawnOptions& options, void (*run)(Fiber*), void* argument);

  /// spawn in two steps: the caller finishes the fiber (its argument, its mask) before anybody runs
  /// it.
  Fiber* spawn_held(const SpawnOptions& options, void (*run)(Fiber*), void* argument);
  void release(Fiber* fiber);

  /// The main fiber has called pthread_exit: its joiners go on, and it parks until it is the only
  /// fiber.
  void end_main();
  /// The running fiber waits until its scheduler's others have ended, or wait here, too. Not for
  /// the main fiber, which has no end, nor for background ones. kUnparked, unless the options end
  /// it.
  lot::Woken wait_for_others(const lot::ParkOptions& options);

  /// Waits until the fiber has ended and frees it (kUnparked). It must be joinable, and joined
  /// once. `interruptible`: a signal handler or a cancellation ends it, too (kInterrupted).
  static lot::Woken join(Fiber* fiber, Deadline deadline, void** result,
                         bool interruptible = false);
  /// The fiber frees itself when it ends.
  static void detach(Fiber* fiber);
  /// Last call of a fiber.
  [[noreturn]] static void end_current();

  /// Whether the running fiber is the only one: then nobody needs the kernel thread while it
  /// blocks.
  [[nodiscard]] bool is_alone() const { return live_.load(std::memory_order_relaxed) == 1; }
  [[nodiscard]] int live_fibers() const { return live_.load(std::memory_order_relaxed); }
  [[nodiscard]] Kind kind() const { return kind_; }
  /// Whether its fibers change kernel threads.
  [[nodiscard]] bool has_migration() const { return kind_ != Kind::kThread; }

  Fiber& main_fiber() { return main_; }
  /// The process's first thread: the main fiber, or in a forked child the one that forked. Signals
  /// for the process are its.
  Fiber& leader() { return *leader_; }
  /// Whether it was started in this process: not so in a child that a raw system call has made.
  [[nodiscard]] bool is_of_this_process() const;
  Hub& hub() { return hub_; }
  IdleWorkers& idle() { return idle_; }
  /// The way in for other kernel threads. Throws std::bad_alloc. Threads: its own.
  Gate& gate();
  /// Fibers that wait until a worker has nothing to do: at this address.
  std::atomic<int>& idlers() { return idlers_; }

  /// Makes a ready fiber run soon. Threads: any; async-signal-safe.
  void enqueue(Fiber* fiber);

  // -- a seeded run: see seeded.h --
  /// Null if there is no seed: then the order is first come, first served, and time is real.
  [[nodiscard]] Seeded* seeded() { return seeded_ ? &*seeded_ : nullptr; }
  [[nodiscard]] const Seeded* seeded() const { return seeded_ ? &*seeded_ : nullptr; }
  /// Whether a fiber waits for what no fiber does: a descriptor, or another kernel thread.
  [[nodiscard]] bool waits_for_outside() const {
    return outside_waits_.load(std::memory_order_relaxed) > 0;
  }
  [[nodiscard]] Deadline soonest_deadline();

  // -- workers and their queues --
  /// As many run fibers at a time at most, those apart that are stuck in one.
  [[nodiscard]] int workers() const { return workers_; }
  /// The queues that have a holder are the first ones.
  [[nodiscard]] int holders() const { return holders_.load(std::memory_order_acquire); }
  [[nodiscard]] RunQueue& queue(int index) { return queues_[index]; }
  /// Fibers for a worker that has none; the first one is returned, the others are in its queue.
  Fiber* steal(RunQueue& thief);
  /// Whether any queue holds a fiber. Sequentially consistent: see idle_workers.h.
  [[nodiscard]] bool has_ready() const;
  /// Picks of all queues.
  [[nodiscard]] std::uint64_t picks() const;
  /// The hub's alarm: wakes all fibers whose deadlines have passed, and sets the next alarm.
  void fire_timers();
  /// The hub shall look at the timers then. Of virtual time the worker knows by itself.
  void set_alarm(Deadline deadline) {
    if (!seeded_) {
      hub_.set_alarm(deadline);
    }
  }
  /// Where the running fiber arms its timer.
  Timers& timers() {
    RunQueue* const own = running.worker->queue.load(std::memory_order_relaxed);
    return own == nullptr ? queues_[0].timers : own->timers;
  }

  // -- handoff: see monitor.h --
  /// Gives the queue of a stuck worker to a spare, an old one or a new, if that worker still is in
  /// a fiber.
  void hand_off(RunQueue& queue, const Worker* stuck);
  /// The running fiber is about to block: its worker's queue goes to a spare at once.
  void hand_off_own();
  /// The running fiber keeps its kernel thread to itself from now on, until it ends if `for_good`:
  /// it is about to change that. Does nothing for the only fiber of one worker, which stays where
  /// it is anyhow, and when no other kernel thread can be had.
  void pin_current(bool for_good);
  /// Ends that, unless it was for good.
  static void unpin_current();
  void add_spare(Worker* worker);
  /// False if it has just been given a queue.
  bool remove_spare(Worker* worker);
  void wake_monitor() { monitor_.wake(); }
  Monitor& monitor() { return monitor_; }
  [[nodiscard]] bool is_idle() const { return idle_.sleeping() + idle_.napping() == holders(); }
  [[nodiscard]] bool is_ending() const { return is_ending_.load(std::memory_order_seq_cst); }
  /// What an idle worker lets through: signals for the process that some fiber may take. There may
  /// be bits of others among them: whoever gets such a one takes back the bit.
  [[nodiscard]] std::uint64_t idle_signal_mask() const {
    return kind_ == Kind::kPool ? os::kProgramSignals : ~accepted_signals_.load();
  }
  /// A fiber takes all but those of `mask` from now on.
  void accept_signals_but(std::uint64_t mask) {
    if ((accepted_signals_.load() | mask) != sys::kAllSignals) {
      accepted_signals_.fetch_or(~mask);
    }
  }
  void refuse_signals(std::uint64_t bits) { accepted_signals_.fetch_and(~bits); }

  // -- deadlock: see deadlock.cc --
  /// Its fibers that wait for descriptors, which anybody may write to, or for a kernel thread.
  /// Counted only where somebody asks.
  void count_outside_wait(int change) {
    if (kind_ == Kind::kThread) {  // nobody else changes it
      outside_waits_.store(outside_waits_.load(std::memory_order_relaxed) + change,
                           std::memory_order_relaxed);
    } else if (seeded_) {
      outside_waits_.fetch_add(change, std::memory_order_relaxed);
    }
  }
  /// Whether the main fiber wants to hear of a deadlock, and neither descriptor nor timer can wake
  /// any fiber. Cheap: to be asked when no fiber is ready.
  [[nodiscard]] bool may_be_deadlocked() const {
    return kind_ == Kind::kThread && main_.hears_of_deadlock && !waits_for_outside() &&
           !hub_.has_alarm();
  }
  /// Wakes the main fiber with kDeadlock if nothing else could wake any either. Costs system calls.
  bool report_deadlock();

  /// There is something that the fiber must act on: a signal, or its cancellation. Ends its wait,
  /// or sends os::kCancelSignal to the kernel thread that runs it, and has the monitor send more of
  /// them until it has acted. Threads: any; async-signal-safe.
  void call(Fiber& fiber);
  void repeat_calls() {
    if (has_called_.exchange(false, std::memory_order_relaxed)) {
      for_each_fiber([this](Fiber& fiber) { repeat_call(fiber); });
    }
  }

  /// A signal handler ran while no fiber did: a wait that signals end, of the main fiber first,
  /// returns EINTR.
  void on_signal();

  /// Around fork(2): the parent, before it and after; the child, where the running fiber lives on,
  /// alone.
  static void before_fork();
  static void after_fork_in_parent();
  /// Without `may_allocate` malloc may be locked by threads that the child does not have: after a
  /// fork that libc knows nothing of.
  static void after_fork_in_child(bool may_allocate = true);

  /// The fiber with that id, if it has not ended: the process's own is the first thread's.
  [[nodiscard]] Fiber* fiber_of_tid(pid_t tid);

  /// Changes the name of a fiber that has not ended, while nobody looks at it by for_each_fiber().
  void rename(Fiber& fiber, const char* name);
  std::string name_of(const Fiber& fiber);

  /// Calls visit(fiber) for every fiber that has not ended, under a lock.
  template <class Visit>
  void for_each_fiber(Visit visit) {
    const SpinGuard hold(list_lock_);
    for (Fiber* f = list_; f != nullptr; f = f->list_next) {
      visit(*f);
    }
  }

 private:
  friend struct ThreadEnd;
  Scheduler(Kind kind, int workers, std::optional<std::uint64_t> seed);
  static Scheduler* start_in(void* memory, Kind kind, int workers,
                             std::optional<std::uint64_t> seed);
  bool start();
  [[nodiscard]] Hub::Options hub_options() const;
  static std::size_t bytes(int workers);
  static std::uint64_t new_fiber_id();
  void end_spares();
  void restart_in_child(bool may_allocate);
  void forget_other_threads();
  template <class Choose>
  void give_to_spare(Choose choose);
  void add_holder();
  [[nodiscard]] bool needs_holder() const;
  Worker* take_spare();
  Worker* make_worker();
  static void* kernel_thread_main(void* argument);
  void keep_ended(Worker* worker);
  void link(Fiber* fiber);
  void unlink(Fiber* fiber);
  void tell_of_few();
  static void finish_end(Fiber* left);
  void close_gate();
  void await_visitors() const;
  void repeat_call(Fiber& fiber);

  Hub hub_;
  Worker* spares_ = nullptr;
  Worker* ended_ = nullptr;  // their memory is used again
  Fiber* list_ = nullptr;
  std::atomic<Gate*> gate_{nullptr};
  Scheduler* next_retired_ = nullptr;
  Fiber* leader_ = &main_;
  std::atomic<std::uint64_t> accepted_signals_{0};
  Inbox inbox_;
  IdleWorkers idle_;
  Worker main_worker_;
  Fiber main_;
  std::optional<Seeded> seeded_;
  Monitor monitor_;
  RunQueue* const queues_;  // behind this object, in the same memory
  SpinLock hand_off_lock_;
  SpinLock spares_lock_;
  SpinLock list_lock_;
  const int workers_;
  std::atomic<int> holders_{0};
  std::atomic<int> kernel_threads_{0};
  std::atomic<int> live_{0};
  std::atomic<int> background_{0};  // of those that live
  std::atomic<int> unawaited_{0};   // the main fiber, and others in wait_for_others
  std::atomic<int> idlers_{0};
  std::atomic<int> outside_waits_{0};
  pid_t process_id_ = 0;
  std::atomic<bool> has_called_{false};  // fibers that may not have acted yet
  const Kind kind_;
  std::atomic<bool> is_ending_{false};
};

/// Stack size of fibers that do not ask for one: what 256 KiB of address space leave for code, or
/// WEFT_STACK.
std::size_t default_stack_bytes(bool own_tls);

}  // namespace weft::runtime
