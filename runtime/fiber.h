// fiber.h: one fiber: what a switch saves, its state, its memory.
//
// Layer:  runtime.      See also: runtime/DESIGN.md ("States of a fiber"), scheduler.h (park,
// unpark).
#pragma once
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/deadline.h"
#include "runtime/signal_stack.h"
#include "runtime/stack.h"
#include "runtime/timers.h"

namespace weft::detail {
struct SwitchWatch;
struct TimeLimit;
}  // namespace weft::detail

namespace weft::runtime {

class Scheduler;
class Worker;
struct Fiber;
struct PendingSignal;
struct Thrown;
namespace fiber_signals {
enum class HandlersRun : std::uint8_t;
}

/// Who may change it to what:
enum class FiberState : std::uint32_t {
  kFree,      // not in use; its memory waits in the pool           spawn -> kReady
  kReady,     // in a run queue or an inbox                         the worker that picks it ->
              // kRunning
  kRunning,   // on a worker, or leaving it to park                 the worker, after the switch ->
              // kParked; unpark -> kNotified
  kNotified,  // as kRunning, and an unpark came: the next park returns at once   park -> kRunning,
              // or -> kReady after the switch
  kParked,    // has left its stack and waits                       unpark -> kReady
  kEnded,     // has left its stack for good; a joiner may look at it   join or detach -> kFree
};

/// What libstdc++ keeps of exceptions in flight (__cxa_eh_globals): saved for fibers that share
/// TLS.
struct ExceptionGlobals {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

/// What a fiber waits for, for reports.
struct WaitReason {
  enum class Kind : std::uint8_t {
    kNothing,
    kRead,
    kWrite,
    kPoll,
    kSleep,
    kAddress,  // a lock, a condition, a semaphore, a futex
    kMutex,    // a pthread_mutex_t in libc's layout: the address is that of its lock word
    kJoin,     // the address is that of the other fiber's end_state
  };
  Kind kind = Kind::kNothing;
  int fd = -1;
  const void* address = nullptr;
};

/// Written by the fiber before it parks, read by anybody, part by part: never trusted.
class SharedWaitReason {
 public:
  SharedWaitReason& operator=(const WaitReason& reason) {
    kind_.store(reason.kind, std::memory_order_relaxed);
    fd_.store(reason.fd, std::memory_order_relaxed);
    address_.store(reason.address, std::memory_order_relaxed);
    return *this;
  }
  [[nodiscard]] WaitReason load() const {
    return {kind_.load(std::memory_order_relaxed), fd_.load(std::memory_order_relaxed),
            address_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<WaitReason::Kind> kind_{WaitReason::Kind::kNothing};
  std::atomic<int> fd_{-1};
  std::atomic<const void*> address_{nullptr};
};

/// A fiber's control block. It lies at the top of the fiber's own stack memory, and that memory is
/// never unmapped: a late unpark of a fiber that has ended meets another fiber or a free one, never
/// a fault, and costs at most a spurious wake-up.
struct Fiber {
  // -- what each switch looks at: two cache lines --
  // The worker that runs it, only:
  void* context = nullptr;         // where it left off; null while it runs
  void* thread_pointer = nullptr;  // its own TLS, or that of its kernel thread
  Fiber* visible = nullptr;  // what current() says while it runs: itself, or null for an idle loop
  Worker* pinned = nullptr;  // it runs there only, and nobody else does
  ExceptionGlobals exceptions;  // shared TLS only
  Fiber* next = nullptr;        // in the queue that holds it; changed by whoever queues it
  int saved_errno = 0;          // shared TLS only
  bool own_tls = false;
  bool is_main = false;
  bool hears_of_deadlock = false;  // its wait can be ended by one; main fibers of the library only
  bool is_deadlocked = false;      // and has been
  // Any thread:
  std::atomic<FiberState> state{FiberState::kFree};
  std::atomic<bool> interrupted{false};          // its wait shall end: see interruptible.h
  std::atomic<bool> cancelled{false};            // pthread_cancel: the next cancellation point acts
  std::atomic<bool> is_called_off{false};        // `thrown` waits for its next wait: see call_off.h
  std::atomic<bool> unknown_handler_ran{false};  // one that nobody announced; set by a worker
  std::atomic<Worker*> worker{nullptr};          // where it runs, or last ran; written by that
  std::atomic<std::uint64_t> signal_mask{0};     // changed by the fiber itself
  std::atomic<std::uint64_t> pending_signals{0};  // those in `signals`: see fiber_signals.h
  Scheduler* scheduler = nullptr;                 // constant while it lives
  // The fiber itself:
  Deadline limit;                                          // the first of `limits` to pass
  std::atomic<fiber_signals::HandlersRun> handlers_run{};  // since the call that may wait began
  int shields = 0;  // while there are any, nothing calls off its waits
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  const void* asan_bottom = nullptr;
  std::size_t asan_size = 0;
#endif
#if defined(__SANITIZE_THREAD__)
  void* tsan_fiber = nullptr;
#endif

  // -- any thread --
  std::atomic<bool> is_blocking{false};           // in a call that may block its kernel thread
  std::atomic<bool> called{false};                // there is, or was, something that it must act on
  std::atomic<std::uint64_t> awaited_signals{0};  // it is in sigwait for these
  PendingSignal* signals = nullptr;               // guarded by the lock of fiber_signals.cc
  Thrown* thrown = nullptr;                       // guarded as call_off.h says
  const void* thrown_guard = nullptr;             // an address; constant while it lives
  Timer timer;                                    // its one deadline
  std::atomic<std::uint32_t> end_state{0};        // bits of End
  std::atomic<const Fiber*> joiner{nullptr};      // who waits for its end, if a fiber does

  // -- guarded by the scheduler's list lock --
  Fiber* list_next = nullptr;
  Fiber* list_previous = nullptr;

  // -- constant from spawn to end --
  std::uint64_t id = 0;
  std::uint64_t parent_id = 0;  // of the fiber that has spawned it; 0: none
  bool is_background = false;   // its scheduler may end without it
  pid_t tid = 0;                // what this thread is for libc; above any that the kernel gives
  std::size_t asked_stack = 0;  // what pthread_getattr_np says of it; zero: what there is
  std::size_t asked_guard = 0;
  int size_class = 0;
  Stack memory;                 // all of it
  std::size_t guard_bytes = 0;  // the lowest ones, inaccessible beside the guard page
  char* stack_low = nullptr;    // the part that code runs on
  char* stack_top = nullptr;
  void (*run)(Fiber*) = nullptr;
  void* argument = nullptr;

  std::atomic<std::int64_t> cpu_time{0};       // see cpu_time.cc
  std::atomic<std::int64_t> cpu_time_told{0};  // the most that was answered

  // -- the fiber itself --
  stack_t signal_stack = kNoSignalStack;  // its sigaltstack(2), for whoever looks after that
  std::uint32_t signals_taken = 0;
  bool is_queued = false;      // its stack may hold waiters that others find
  std::atomic<int> raises{0};  // the signal it sends itself just now: its handler runs at once
  void* result = nullptr;
  void* locals = nullptr;                  // fiber_local.h
  detail::TimeLimit* limits = nullptr;     // all that it is under: call_off.h
  detail::SwitchWatch* watches = nullptr;  // the innermost one: switch_watch.h
  int outside_waits = 0;                   // that it is in: OutsideWait in block.h
  bool was_cut_short = false;  // a wait was called off that can't throw, and nothing has since
  SharedWaitReason waits_for;
  char name[16] = {};

  enum End : std::uint32_t { kHasEnded = 1, kIsDetached = 2, kIsJoined = 4 };
};

/// First thread id of fibers: above the kernel's largest (PID_MAX_LIMIT).
inline constexpr pid_t kFirstFiberTid = 4'194'304 + 1;

/// The fiber that owns this control block of libc's; null if it belongs to a kernel thread.
Fiber* fiber_of_thread(const void* thread_pointer);

/// Whether a cancellation has come that the fiber lets act: then it must not begin to wait.
bool must_cancel(const Fiber& fiber);
/// The same where it is no cancellation point: only if its cancellation type is asynchronous.
bool must_cancel_at_once(const Fiber& fiber);
/// Whether the running fiber's cancellation type is asynchronous.
bool is_cancellable_at_once(const Fiber& fiber);

/// Copies at most 15 characters.
void set_name(Fiber& fiber, const char* name);

}  // namespace weft::runtime
