#include "runtime/fiber_signals.h"

#include <cerrno>

#include "runtime/os.h"
#include "runtime/scheduler.h"
#include "runtime/spin_lock.h"
#include "runtime/sys.h"

namespace weft::runtime {

/// One signal in its fiber's list, or a free one.
struct PendingSignal {
  siginfo_t info;
  PendingSignal* next;
};

namespace fiber_signals {
namespace {

constexpr std::size_t kMost = 4096;  // of all fibers; more than RLIMIT_SIGPENDING's usual share
constexpr int kFirstQueued = 32;     // from here on several of one number are kept

constinit SpinLock lock;
constinit PendingSignal* free_nodes = nullptr;
constinit bool is_mapped = false;
constinit std::atomic<bool> is_announced{false};

// Holds the lock. A handler that sent a signal meanwhile would wait for whom it has interrupted.
class Locked {
 public:
  Locked() : mask_(sys::set_signal_mask(sys::kAllSignals)) { lock.lock(); }
  ~Locked() {
    lock.unlock();
    sys::set_signal_mask(mask_);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  std::uint64_t mask_;
};

PendingSignal* take_node() {
  if (!is_mapped) {
    is_mapped = true;
    auto* const nodes = static_cast<PendingSignal*>(os::map(kMost * sizeof(PendingSignal)));
    for (std::size_t i = 0; nodes != nullptr && i < kMost; ++i) {
      nodes[i].next = free_nodes;
      free_nodes = nodes + i;
    }
  }
  PendingSignal* const node = free_nodes;
  if (node != nullptr) {
    free_nodes = node->next;
  }
  return node;
}

bool is_ignored(int signal) {
  struct sigaction action = {};
  if (::sigaction(signal, nullptr, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0) {
    return false;
  }
  const bool has_no_effect =
      signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
  return action.sa_handler == SIG_IGN || (action.sa_handler == SIG_DFL && has_no_effect);
}

bool is_blocked(const Fiber& fiber, int signal) {
  return (fiber.signal_mask.load(std::memory_order_relaxed) & bit_of(signal)) != 0;
}

// Into the fiber's list, unless the fiber ignores it.
int keep(Fiber& fiber, const siginfo_t& info) {
  const int signal = info.si_signo;
  if (!is_blocked(fiber, signal) && is_ignored(signal)) {
    return 0;
  }
  const Locked locked;
  if ((fiber.pending_signals.load() & bit_of(signal)) != 0 && signal < kFirstQueued) {
    return 0;
  }
  PendingSignal* const node = take_node();
  if (node == nullptr) {
    return EAGAIN;
  }
  *node = {info, nullptr};
  PendingSignal** end = &fiber.signals;
  while (*end != nullptr) {
    end = &(*end)->next;
  }
  *end = node;
  fiber.pending_signals.fetch_or(bit_of(signal));
  return 0;
}

}  // namespace

int send(Fiber& fiber, const siginfo_t& info) {
  const int error = keep(fiber, info);
  if (error == 0) {
    fiber.scheduler->call(fiber);
  }
  return error;
}

int send_to_kernel_thread(Fiber& fiber, const siginfo_t& info) {
  if (const int error = keep(fiber, info)) {
    return error;
  }
  Worker& worker = *fiber.worker.load();
  worker.signalled = &fiber;  // before the look: see Worker::wait_for_pinned
  if (fiber.state.load() == FiberState::kParked) {
    fiber.scheduler->call(fiber);  // the kernel thread sleeps, with the mask of the idle
  } else {
    sys::call(SYS_tgkill, sys::call(SYS_getpid), worker.kernel_tid, info.si_signo);
  }
  return 0;
}

bool take(Fiber& fiber, std::uint64_t set, siginfo_t* info) {
  const std::uint64_t wanted = fiber.pending_signals.load() & set;
  if (wanted == 0) {
    return false;
  }
  const Locked locked;
  const int signal = __builtin_ctzll(wanted) + 1;
  bool more = false;
  PendingSignal* found = nullptr;
  for (PendingSignal** link = &fiber.signals; *link != nullptr;) {
    PendingSignal* const node = *link;
    if (node->info.si_signo != signal) {
      link = &node->next;
    } else if (found == nullptr) {
      found = node;
      *link = node->next;
    } else {
      more = true;
      break;
    }
  }
  if (!more) {
    fiber.pending_signals.fetch_and(~bit_of(signal));
  }
  if (found == nullptr) {
    return false;
  }
  ++fiber.signals_taken;
  *info = found->info;
  found->next = free_nodes;
  free_nodes = found;
  return true;
}

void handlers_are_announced() { is_announced = true; }
bool has_announced_handlers() { return is_announced.load(std::memory_order_relaxed); }

void note_handler(Fiber& self, bool restarts) {
  if (!restarts || self.handlers_run.load() == HandlersRun::kNone) {
    self.handlers_run = restarts ? HandlersRun::kRestarting : HandlersRun::kInterrupting;
  }
}

void raise_pending(Fiber& self) {
  for (;;) {
    const std::uint64_t runnable =
        self.pending_signals.load() & ~self.signal_mask.load(std::memory_order_relaxed);
    if (runnable == 0) {
      break;
    }
    const int signal = __builtin_ctzll(runnable) + 1;
    const std::uint32_t seen = self.signals_taken;
    self.raises = signal;
    sys::call(SYS_tgkill, sys::call(SYS_getpid), sys::call(SYS_gettid), signal);
    self.raises = 0;
    siginfo_t unused = {};
    if (self.signals_taken == seen) {
      take(self, bit_of(signal),
           &unused);  // the default action, or a handler that knows nothing of us
    }
  }
}

HandlersRun run_handlers(Fiber& self) {
  raise_pending(self);
  if (self.unknown_handler_ran.exchange(false)) {
    note_handler(self, false);
  }
  return self.handlers_run.exchange(HandlersRun::kNone);
}

void drop_all(Fiber& fiber) {
  if (fiber.pending_signals.load(std::memory_order_relaxed) == 0) {
    return;
  }
  siginfo_t info = {};
  while (take(fiber, sys::kAllSignals, &info)) {
  }
}

void after_fork_in_child() { lock.after_fork_in_child(); }

}  // namespace fiber_signals
}  // namespace weft::runtime
