#include "runtime/held_locks.h"

#include <ucontext.h>

#include <cstring>

#include "runtime/sys.h"

namespace weft::runtime {

constinit thread_local HeldLocks held_locks;

bool HeldLocks::postpone(const siginfo_t& info, void* context) {
  if (count == 0) {
    return false;
  }
  // What the return from the handler sets: only then, for this one has to stay pending till then.
  sigset_t& set = static_cast<ucontext_t*>(context)->uc_sigmask;
  if (!is_owed) {
    std::memcpy(&mask, &set, sizeof mask);
    is_owed = true;
  }
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &kAll, nullptr, sizeof kAll);
  std::memcpy(&set, &kAll, sizeof kAll);
  sys::call(SYS_rt_tgsigqueueinfo, sys::call(SYS_getpid), sys::call(SYS_gettid), info.si_signo,
            &info);
  return true;
}

void HeldLocks::deliver() {
  is_owed = false;
  const std::uint64_t before = mask;  // the handlers that come may owe again
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof before);
}

}  // namespace weft::runtime
