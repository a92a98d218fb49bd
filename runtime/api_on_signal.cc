#include <signal.h>
#include <sys/eventfd.h>
#include <weft/detail/shielded.h>
#include <weft/fiber.h>
#include <weft/mutex.h>
#include <weft/on_signal.h>

#include <atomic>
#include <cerrno>

#include "runtime/api_error.h"
#include "runtime/fd_call.h"
#include "runtime/guard.h"
#include "runtime/sys.h"

namespace weft {

namespace sys = runtime::sys;

namespace detail {

/// One handler. Entries and their descriptors are used again, and never freed: a signal may find
/// them at any time.
struct SignalEntry {
  std::atomic<int> signal{0};  // 0: nobody's
  std::atomic<bool> is_cancelled{false};
  std::atomic<pid_t> process{0};  // whose: a fork's child shares the descriptor
  int event = -1;
  SignalEntry* next = nullptr;
};

namespace {

constexpr const char* kCall = "weft::on_signal";

constinit std::atomic<SignalEntry*> entries{nullptr};
constinit Mutex registry;

struct Disposition {
  int users = 0;
  struct sigaction before = {};
};
constinit Disposition dispositions[_NSIG];  // guarded by registry

pid_t this_process() { return static_cast<pid_t>(sys::call(SYS_getpid)); }

void announce(const SignalEntry& entry) {
  const std::uint64_t one = 1;
  sys::call(SYS_write, entry.event, &one, sizeof one);
}

// The kernel's, on whatever thread and stack: raw calls only.
void on_kernel_signal(int signal) {
  const pid_t process = this_process();
  for (const SignalEntry* entry = entries.load(std::memory_order_acquire); entry != nullptr;
       entry = entry->next) {
    if (entry->signal.load(std::memory_order_acquire) == signal &&
        entry->process.load(std::memory_order_relaxed) == process) {
      announce(*entry);
    }
  }
}

SignalEntry& make_entry() {
  const long event = checked(sys::call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK), kCall);
  auto* const entry = new SignalEntry;
  entry->event = static_cast<int>(event);
  entry->process = this_process();
  adopt_fd(entry->event);
  entry->next = entries.load(std::memory_order_relaxed);
  entries.store(entry, std::memory_order_release);
  return *entry;
}

// Under the registry's lock.
SignalEntry& free_entry() {
  const pid_t process = this_process();
  for (SignalEntry* entry = entries.load(); entry != nullptr; entry = entry->next) {
    if (entry->signal.load() == 0 && entry->process.load() == process) {
      return *entry;
    }
  }
  return make_entry();
}

// Under the registry's lock.
void take_signal(int signal) {
  Disposition& disposition = dispositions[signal];
  if (disposition.users == 0) {
    struct sigaction action = {};
    action.sa_handler = on_kernel_signal;
    action.sa_flags = SA_RESTART;
    if (::sigaction(signal, &action, &disposition.before) != 0) {
      throw_errno(errno, kCall);
    }
  }
  ++disposition.users;
}

// Under the registry's lock.
void give_back_signal(int signal) {
  Disposition& disposition = dispositions[signal];
  if (--disposition.users != 0) {
    return;
  }
  struct sigaction now = {};
  ::sigaction(signal, nullptr, &now);
  if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == on_kernel_signal) {
    ::sigaction(signal, &disposition.before, nullptr);
  }
}

// Takes all that came until now. False if nothing did.
bool take_events(const SignalEntry& entry) {
  std::uint64_t count = 0;
  return sys::call(SYS_read, entry.event, &count, sizeof count) > 0;
}

void wait_for_signal(const SignalEntry& entry) {
  runtime::FdSlot& slot = *runtime::fd_slot(entry.event);
  for (;;) {
    const std::uint32_t seen = slot.edges(runtime::Direction::kRead);
    if (take_events(entry)) {
      return;
    }
    await_edge(entry.event, slot, runtime::Direction::kRead, seen, kNever, kCall);
  }
}

// What the entry's fiber does. Each call has a fiber of its own, and the handle of that is dropped:
// what it throws is unhandled.
void serve(SignalEntry& entry, const SignalCall& call) {
  const int signal = entry.signal.load();
  for (;;) {
    wait_for_signal(entry);
    if (entry.is_cancelled.load(std::memory_order_acquire)) {
      break;
    }
    weft::spawn({.name = "signal"}, [&call, signal] { call(signal); }).join();
  }
  static_cast<void>(take_events(entry));
  entry.signal.store(0, std::memory_order_release);
}

}  // namespace

SignalEntry* add_signal_handler(int signal, SignalCall call) {
  if (signal < 1 || signal >= _NSIG) {
    throw_errno(EINVAL, kCall);
  }
  const Guard hold(registry);
  SignalEntry& entry = free_entry();
  take_signal(signal);
  entry.is_cancelled.store(false, std::memory_order_relaxed);
  entry.signal.store(signal, std::memory_order_release);
  try {
    weft::spawn({.name = "on_signal"}, [&entry, call = std::move(call)] { serve(entry, call); });
  } catch (...) {
    entry.signal.store(0, std::memory_order_release);
    give_back_signal(signal);
    throw;
  }
  return &entry;
}

}  // namespace detail

void SignalHandler::cancel() noexcept {
  detail::SignalEntry* const entry = std::exchange(entry_, nullptr);
  if (entry == nullptr || entry->process.load() != detail::this_process()) {
    return;
  }
  const detail::Shielded shielded;
  const detail::Guard hold(detail::registry);
  const int signal = entry->signal.load();
  entry->is_cancelled.store(true, std::memory_order_release);
  detail::announce(*entry);
  detail::give_back_signal(signal);
}

}  // namespace weft
