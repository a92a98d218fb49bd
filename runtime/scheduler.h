// scheduler.h: workers, hub and fibers that belong together; park() and unpark(), the only two ways
// to wait and to wake.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("States of a fiber").
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/context.h"
#include "runtime/deadline.h"
#include "runtime/fiber.h"
#include "runtime/hub.h"
#include "runtime/monitor.h"
#include "runtime/run_queue.h"
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
  const char* name = "";
  char* stack_low = nullptr;  // the caller's own stack memory, if any
  char* stack_top = nullptr;
};

/// The fibers of one kernel thread, or (under LD_PRELOAD) of the process.
class Scheduler {
 public:
  /// The scheduler of the running fiber or kernel thread; null if it has none yet.
  static Scheduler* current() {
    return running.worker == nullptr ? nullptr : running.worker->scheduler;
  }
  /// The same, started if need be: the running code becomes its main fiber. Null when descriptors
  /// or memory are short.
  static Scheduler* current_or_start();

  /// Starts the one scheduler of the process on the calling thread (LD_PRELOAD). False when it
  /// can't.
  static bool start_process();
  static Scheduler* process();

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

  /// Waits until the fiber has ended and frees it. It must be joinable, and joined once. False if
  /// the deadline ended it.
  static bool join(Fiber* fiber, Deadline deadline, void** result);
  /// The fiber frees itself when it ends.
  static void detach(Fiber* fiber);
  /// Last call of a fiber.
  [[noreturn]] static void end_current();

  /// Whether the running fiber is the only one: then nobody needs the kernel thread while it
  /// blocks.
  [[nodiscard]] bool is_alone() const { return live_.load(std::memory_order_relaxed) == 1; }
  [[nodiscard]] int live_fibers() const { return live_.load(std::memory_order_relaxed); }

  Fiber& main_fiber() { return main_; }
  Hub& hub() { return hub_; }
  RunQueue& queue() { return queue_; }

  /// Makes a ready fiber run soon. Threads: any; async-signal-safe.
  void enqueue(Fiber* fiber);

  // -- handoff: see monitor.h --
  /// The worker that holds the queue.
  [[nodiscard]] Worker* holder() const { return holder_.load(std::memory_order_acquire); }
  /// The monitor: gives the stuck worker's queue to a spare, an old one or a new.
  void hand_off(Worker* stuck);
  void add_spare(Worker* worker);
  /// False if it has just been given a queue.
  bool remove_spare(Worker* worker);
  void wake_monitor() {
    if (is_process_) {
      monitor_.wake();
    }
  }
  /// What an idle worker lets through: what the main fiber does.
  [[nodiscard]] std::uint64_t idle_signal_mask() const { return main_.signal_mask; }

  /// A signal handler ran while no fiber did: a wait that signals end, of the main fiber first,
  /// returns EINTR.
  void on_signal();

  /// In a fork's child: the running fiber lives on, alone.
  static void after_fork_in_child();

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
  explicit Scheduler(bool is_process)
      : queue_(hub_), main_worker_(this), monitor_(*this), is_process_(is_process) {}
  static Scheduler* start_in(void* memory, bool is_process);
  bool start();
  Worker* take_spare();
  Worker* make_worker();
  static void* kernel_thread_main(void* argument);
  void keep_ended(Worker* worker);
  void link(Fiber* fiber);
  void unlink(Fiber* fiber);
  static void finish_end(Fiber* left);

  Hub hub_;
  RunQueue queue_;
  Worker main_worker_;
  Fiber main_;
  Monitor monitor_;
  const bool is_process_;  // its fibers have their own TLS, so they may change kernel threads
  std::atomic<Worker*> holder_{nullptr};
  SpinLock spares_lock_;
  Worker* spares_ = nullptr;
  Worker* ended_ = nullptr;  // their memory is used again
  std::atomic<int> kernel_threads_{1};
  SpinLock list_lock_;
  Fiber* list_ = nullptr;
  std::atomic<int> live_{0};
  Scheduler* next_retired_ = nullptr;
};

/// Stack size of fibers that do not ask for one: what 256 KiB of address space leave for code, or
/// WEFT_STACK.
std::size_t default_stack_bytes(bool own_tls);

}  // namespace weft::runtime
