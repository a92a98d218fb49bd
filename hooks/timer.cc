// timer.cc: timers that tell one thread (SIGEV_THREAD_ID), as a table.
//
// The kernel knows no fiber by its id. It is asked to tell the process, and `on_signal`
// (on_signal.cc) asks here whose the timer is.
#include "hooks/timer.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "hooks/active.h"
#include "hooks/real.h"
#include "runtime/scheduler.h"

namespace weft::hooks {

using runtime::Fiber;

namespace {

// A timer of the kernel's, and the id of the thread that it tells, in one word. Zero: a free place.
// A timer is in the table before it can run out, and until it is gone.
class Owner {
 public:
  Owner(std::intptr_t timer, pid_t thread)
      : bits_(key_of(timer) << 32 | static_cast<std::uint32_t>(thread)) {}
  explicit Owner(std::uint64_t bits) : bits_(bits) {}
  [[nodiscard]] bool is_of(std::intptr_t timer) const { return bits_ >> 32 == key_of(timer); }
  [[nodiscard]] pid_t thread() const { return static_cast<pid_t>(bits_); }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }

 private:
  static std::uint64_t key_of(std::intptr_t timer) { return static_cast<std::uint64_t>(timer) + 1; }
  std::uint64_t bits_ = 0;
};

constexpr std::size_t kMost = 1024;  // timers that tell one thread, at a time
constinit std::atomic<std::uint64_t> owners[kMost];
constinit std::atomic<std::size_t> used{0};  // no place behind so many was ever taken

bool keep(Owner owner) {
  for (std::size_t i = 0; i < kMost; ++i) {
    std::uint64_t free = 0;
    if (owners[i].compare_exchange_strong(free, owner.bits())) {
      std::size_t known = used.load();
      while (known <= i && !used.compare_exchange_weak(known, i + 1)) {
      }
      return true;
    }
  }
  return false;
}

// Null: it tells no single thread.
std::atomic<std::uint64_t>* place_of(std::intptr_t timer) {
  auto* const end = owners + used.load();
  auto* const place = std::find_if(owners, end, [&](const std::atomic<std::uint64_t>& owner) {
    return Owner(owner.load()).is_of(timer);
  });
  return place == end || timer < 0 ? nullptr : place;
}

Fiber* thread_of(pid_t id) {
  runtime::Scheduler* const scheduler = runtime::Scheduler::process();
  return scheduler == nullptr ? nullptr : scheduler->fiber_of_tid(id);
}

// glibc: a handle is the kernel's number, or negative with SIGEV_THREAD.
std::intptr_t number_of(timer_t timer) { return reinterpret_cast<std::intptr_t>(timer); }

int create(clockid_t clock, sigevent* event, timer_t* timer) {
  if (event == nullptr || event->sigev_notify != SIGEV_THREAD_ID || !is_on(Group::kSignal) ||
      thread_of(event->_sigev_un._tid) == nullptr) {
    return real::timer_create(clock, event, timer);
  }
  sigevent to_process = *event;
  to_process.sigev_notify = SIGEV_SIGNAL;
  const int result = real::timer_create(clock, &to_process, timer);
  if (result == 0 && !keep(Owner(number_of(*timer), event->_sigev_un._tid))) {
    real::timer_delete(*timer);
    errno = EAGAIN;
    return -1;
  }
  return result;
}

int end(timer_t timer) {
  const int result = real::timer_delete(timer);
  if (auto* const place = result == 0 ? place_of(number_of(timer)) : nullptr) {
    place->store(0);
  }
  return result;
}

}  // namespace

bool is_of_owned_timer(const siginfo_t& info, Fiber** owner) {
  auto* const place = info.si_code == SI_TIMER ? place_of(info.si_timerid) : nullptr;
  if (place == nullptr) {
    return false;
  }
  *owner = thread_of(Owner(place->load()).thread());
  return true;
}

void forget_timers() { std::fill(owners, owners + used.load(), 0); }

// clang-format off
extern "C" {
// symbol, signature                                            how
int timer_create(clockid_t clock, sigevent* e, timer_t* timer) { return create(clock, e, timer); }
int timer_delete(timer_t timer)                                { return end(timer); }
}
// clang-format on

}  // namespace weft::hooks
