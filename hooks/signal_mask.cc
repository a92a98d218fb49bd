// signal_mask.cc: signal masks per fiber, as a table.
#include "hooks/signal_mask.h"

#include <signal.h>

#include <cerrno>
#include <cstring>

#include "hooks/active.h"
#include "hooks/kill.h"
#include "hooks/real.h"
#include "hooks/wait.h"
#include "runtime/sys.h"

namespace weft::hooks {

namespace sys = runtime::sys;

namespace {

// 0 or an errno.
int change_mask(int how, const sigset_t* set, sigset_t* old) {
  const std::uint64_t before = fiber_mask();
  std::uint64_t after = before;
  if (set != nullptr) {
    const std::uint64_t given = bits_of(*set) & ~(kSignalsOfLibc | kUnblockable);
    switch (how) {
      case SIG_BLOCK:
        after = before | given;
        break;
      case SIG_UNBLOCK:
        after = before & ~given;
        break;
      case SIG_SETMASK:
        after = given;
        break;
      default:
        return EINVAL;
    }
  }
  if (old != nullptr) {
    *old = set_of(before);
  }
  if (after != before) {
    set_fiber_mask(after);
  }
  return 0;
}

bool has_own_mask() { return is_on(Group::kSignal) && runtime::current() != nullptr; }

int mask_error(int how, const sigset_t* set, sigset_t* old) {
  return has_own_mask() ? change_mask(how, set, old) : real::pthread_sigmask(how, set, old);
}

int mask_errno(int how, const sigset_t* set, sigset_t* old) {
  return has_own_mask() ? static_cast<int>(to_libc(-change_mask(how, set, old)))
                        : real::sigprocmask(how, set, old);
}

int pending_signals(sigset_t* set) {
  const int result = real::sigpending(set);
  const runtime::Fiber* const self = runtime::current();
  if (result == 0 && self != nullptr && is_on(Group::kSignal)) {
    *set = set_of(bits_of(*set) | (self->pending_signals.load() & self->signal_mask.load()));
  }
  return result;
}

}  // namespace

std::uint64_t bits_of(const sigset_t& set) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &set, sizeof bits);
  return bits;
}

sigset_t set_of(std::uint64_t bits) {
  sigset_t set = {};
  std::memcpy(&set, &bits, sizeof bits);
  return set;
}

std::uint64_t fiber_mask() {
  if (const runtime::Fiber* const self = runtime::current()) {
    return self->signal_mask;
  }
  return sys::signal_mask();
}

void set_fiber_mask(std::uint64_t mask) {
  runtime::Fiber* const self = runtime::current();
  if (self == nullptr) {
    sys::set_signal_mask(mask);
    return;
  }
  self->signal_mask = mask;
  self->scheduler->accept_signals_but(mask);
  runtime::running.worker->apply_signal_mask(mask);
  runtime::fiber_signals::raise_pending(*self);
}

// clang-format off
extern "C" {
// symbol, signature                                                           how
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old)              { return mask_error(how, set, old); }
int sigprocmask    (int how, const sigset_t* set, sigset_t* old)              { return mask_errno(how, set, old); }
int sigpending     (sigset_t* set)                                            { return pending_signals(set); }
}
// clang-format on

}  // namespace weft::hooks
