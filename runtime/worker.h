// worker.h: one kernel thread that runs fibers.
//
// Layer:  runtime.      See also: run_queue.h, monitor.h, runtime/DESIGN.md ("Workers").
#pragma once
#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "runtime/context.h"
#include "runtime/fiber.h"
#include "runtime/run_queue.h"
#include "runtime/signal_stack.h"

namespace weft::runtime {

class Scheduler;

/// Lets the other ready fibers run, and looks at the hub now and then. Off a fiber: sched_yield(2).
void yield();

/// Who may change it to what:
enum class WorkerMode : std::uint32_t {
  kRuntime,  // in the scheduler's code, between two fibers   the worker, on entering a fiber ->
             // kUser
  kUser,     // in a fiber                                    the worker, on leaving it -> kRuntime;
             // the monitor -> kDetached
  kDetached,  // in a fiber, and its queue was handed over     the worker, on leaving it -> kRuntime
};

/// Invariants: 1. A worker in kRuntime mode with a queue is that queue's holder, and stays it.
///             2. queue is changed by the worker itself, or by who gives one to a spare. A detached
///                worker still has the pointer to the queue that it has lost: it may push there, as
///                any thread may that the queue's lock keeps out of the others' way.
///             3. The idle context runs whenever no fiber does. A worker without a queue is a
///                spare, and sleeps.
class Worker {
 public:
  explicit Worker(Scheduler* owner) : scheduler(owner) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() = default;

  /// Prepares a worker on the calling kernel thread, whose running code becomes `main`. `own_tls`:
  /// main may be run by others.
  [[nodiscard]] bool adopt(Fiber* main, bool own_tls);
  /// Gives back what adopt() took: its kernel thread ends.
  void retire();

  /// Makes one whose kernel thread has ended as good as new. The monitor may still look at it.
  void renew();
  /// First and last code of a kernel thread made for being a worker.
  void run_kernel_thread();

  /// Switches from the running fiber to the next one, then runs `after` on that one's stack.
  static void leave(Fiber* self, AfterSwitch after);
  /// Whether a yield has nobody to let run. Now and then it gives the CPU to other kernel threads
  /// and says no, so that the hub is looked at.
  bool may_skip_yield();
  /// The running fiber has been entered, and what its switch left to do is done.
  void entered_fiber() { mode.store(WorkerMode::kUser, std::memory_order_release); }

  /// Counts a blocking call that may not have to wait; every 61st lets the other ready fibers run,
  /// and looks at the hub. Whoever runs without a queue, since it was stuck for a while, comes back
  /// into line at once.
  void give_turns() {
    if (++calls_ % kCallsBetweenYields == 0 ||
        mode.load(std::memory_order_relaxed) == WorkerMode::kDetached) {
      runtime::yield();
    }
  }

  /// Counts waiters that the running fiber has woken for a lock that it has released. Every 16th
  /// time the others run first.
  void give_way() {
    if (++wakes_ % kWakesBetweenYields == 0) {
      runtime::yield();
    }
  }

  /// Under the hand-off lock: the worker loses its queue if it is in a fiber. False if it is not.
  bool detach() {
    WorkerMode user = WorkerMode::kUser;
    return mode.compare_exchange_strong(user, WorkerMode::kDetached, std::memory_order_acq_rel);
  }
  /// Makes a spare run: holder of the queue, or, where its scheduler ends, null.
  void give_queue(RunQueue* given);

  /// The running fiber, which is detached, keeps this kernel thread to itself from now on, and the
  /// kernel knows its robust mutexes. `for_good`: since it changes it, nobody else shall ever run
  /// here.
  void pin(Fiber* self, bool for_good);
  /// The running fiber is pinned no more, unless it was for good.
  void unpin_running(Fiber* self);
  /// Its pinned fiber is ready. Threads: any; async-signal-safe.
  void wake_for_pinned();
  /// Its pinned fiber has ended, and left it. Nobody else shall run on this kernel thread, whose
  /// end is what gives back locks that the kernel knows of.
  void unpin();

  /// Its kernel thread, which runs the caller, shall live as long as the process.
  void keep() { is_kept_ = true; }

  /// In a fork's child: this is the only worker. If it may not allocate now, what it needs to park
  /// is made when a fiber first does.
  void after_fork_in_child(RunQueue* given, bool may_allocate);

  /// The kernel thread's signal mask shall be this one.
  void apply_signal_mask(std::uint64_t mask);

  std::atomic<WorkerMode> mode{WorkerMode::kRuntime};
  std::atomic<RunQueue*> queue{nullptr};  // null: a spare
  Scheduler* const scheduler;
  Fiber* idle = nullptr;                   // the context in which no fiber runs
  std::atomic<Fiber*> fiber{nullptr};      // the one it runs, for reports
  std::atomic<Fiber*> signalled{nullptr};  // for whom it was last sent a signal: fiber_signals.h
  std::atomic<std::uint32_t> detached_stays{0};  // how often it has left a fiber detached
  pid_t kernel_tid = 0;
  void* libc_thread = nullptr;  // which libc takes it for: the thread pointer
  std::uint64_t kernel_mask = 0;
  SignalStack signal_stack;  // its kernel thread's
  Worker* next = nullptr;    // in the list of spares, or of ended ones

 private:
  static void idle_main(Fiber* self);
  bool make_idle(bool own_tls);
  Fiber* idle_context();
  bool idle_loop();
  Fiber* find_work(RunQueue& mine);
  void rest(RunQueue& mine);
  bool shall_nap(const RunQueue& mine);
  void nap();
  void wait_in_hub();
  bool wake_idler();
  bool skip_to_deadline();
  bool look_at_hub(std::int64_t ns);
  bool wait_as_spare();
  bool wait_for_pinned();
  void run(Fiber* next_fiber);
  void start_running(Fiber* next_fiber);
  bool leave_user_mode();

  // A prime: a program's loop of several calls is interrupted at each of them in turn, and not only
  // at one where it has a lock.
  static constexpr std::uint32_t kCallsBetweenYields = 61;
  static constexpr std::uint32_t kWakesBetweenYields = 16;
  static constexpr std::uint32_t kYieldsBetweenLooks = 61;
  std::uint32_t calls_ = 0;
  std::uint32_t wakes_ = 0;
  std::uint32_t skipped_yields_ = 0;
  std::atomic<std::uint32_t> has_queue_{0};  // a spare sleeps while it is zero
  // What this worker and the others had picked when it was last idle, and until when it was.
  std::int64_t busy_since_ns_ = 0;
  std::uint64_t picks_of_mine_ = 0;
  std::uint64_t picks_of_all_ = 0;
  Fiber* pinned_ = nullptr;
  void* robust_list_ = nullptr;  // the kernel thread's own
  bool has_napped_ = false;
  // New: it was made for a queue, and is not among the spares before it has had that one.
  bool is_promised_ = true;
  bool is_set_apart_ = false;  // it has a pinned fiber, or has had one for good
  bool is_changed_ = false;    // for good
  bool may_end_ = false;       // its kernel thread was made by us
  bool is_kept_ = false;       // and is nevertheless needed: keep()
  Fiber native_;               // idle, for a kernel thread of our own
};

/// As others see it: one that has yielded is ready.
inline FiberState state_of(const Fiber& fiber) {
  const FiberState state = fiber.state.load();
  const Worker* const worker = fiber.worker.load();
  const bool has_worker = worker != nullptr && worker->fiber.load() == &fiber;
  const bool may_run = state == FiberState::kRunning || state == FiberState::kNotified;
  return may_run ? (has_worker ? FiberState::kRunning : FiberState::kReady) : state;
}

/// Who the running fiber is for locks that libc and the kernel handle by themselves. As long as it
/// holds one it is pinned, or the only fiber.
inline pid_t lock_owner(const Fiber& self) {
  return self.worker.load(std::memory_order_relaxed)->kernel_tid;
}

}  // namespace weft::runtime
