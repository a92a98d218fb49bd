// old_signals.cc: signals by the interfaces of BSD and System V, as a table.
//
// libc's own do their work inside libc, where no hook is passed: on the kernel thread's mask, and
// with handlers that weft would not see. Here they are made of the newer ones.
#include <signal.h>

#include <cstdint>

#include "hooks/signal_mask.h"

namespace weft::hooks {

namespace {

constexpr std::uint64_t kOfBsd = 0xffff'ffff;  // what an int can hold

int change_old_mask(int how, int mask) {
  const sigset_t set = set_of(static_cast<std::uint32_t>(mask));
  sigset_t old = {};
  return ::sigprocmask(how, &set, &old) < 0 ? -1 : static_cast<int>(bits_of(old) & kOfBsd);
}

// Adds one signal to the mask, or takes it out: whether it was there. -1 and errno: no signal.
int change_one(int how, int signal) {
  sigset_t set = {};
  sigset_t old = {};
  return ::sigaddset(&set, signal) < 0 || ::sigprocmask(how, &set, &old) < 0
             ? -1
             : ::sigismember(&old, signal);
}

int ignore(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  return ::sigaction(signal, &action, nullptr);
}

// The handler before, or SIG_HOLD for one that was blocked.
sighandler_t set_or_hold(int signal, sighandler_t handler) {
  struct sigaction old = {};
  struct sigaction action = {};
  action.sa_handler = handler;
  const bool holds = handler == SIG_HOLD;
  const int blocked = holds ? change_one(SIG_BLOCK, signal) : 0;
  if (blocked < 0 || ::sigaction(signal, holds ? nullptr : &action, &old) < 0) {
    return SIG_ERR;
  }
  const int was_blocked = holds ? blocked : change_one(SIG_UNBLOCK, signal);
  return was_blocked < 0 ? SIG_ERR : was_blocked == 1 ? SIG_HOLD : old.sa_handler;
}

int pause_without(int signal) {
  sigset_t mask = {};
  return ::sigprocmask(SIG_BLOCK, nullptr, &mask) < 0 || ::sigdelset(&mask, signal) < 0
             ? -1
             : ::sigsuspend(&mask);
}

int pause_with(int mask) {
  const sigset_t set = set_of(static_cast<std::uint32_t>(mask));
  return ::sigsuspend(&set);
}

}  // namespace

// clang-format off
extern "C" {
// symbol, signature                                    how
int          sigblock      (int mask)                  { return change_old_mask(SIG_BLOCK, mask); }
int          sigsetmask    (int mask)                  { return change_old_mask(SIG_SETMASK, mask); }
int          siggetmask    ()                          { return change_old_mask(SIG_BLOCK, 0); }
int          sighold       (int signal)                { return change_one(SIG_BLOCK, signal) < 0 ? -1 : 0; }
int          sigrelse      (int signal)                { return change_one(SIG_UNBLOCK, signal) < 0 ? -1 : 0; }
int          sigignore     (int signal)                { return ignore(signal); }
sighandler_t sigset        (int signal, sighandler_t h) { return set_or_hold(signal, h); }
#undef sigpause  // <signal.h> has X/Open's by that name
int          sigpause      (int mask)                  { return pause_with(mask); }
int          __xpg_sigpause(int signal)                { return pause_without(signal); }
int          __sigpause    (int word, int is_signal)   { return is_signal != 0 ? pause_without(word) : pause_with(word); }
}
// clang-format on

}  // namespace weft::hooks
