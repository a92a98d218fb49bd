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
  sys::set_signal_mask(sys::kAllSignals);
  std::memcpy(&set, &sys::kAllSignals, sizeof mask);
  sys::call(SYS_rt_tgsigqueueinfo, sys::call(SYS_getpid), sys::call(SYS_gettid), info.si_signo,
            &info);
  return true;
}

void HeldLocks::deliver() {
  is_owed = false;
  sys::set_signal_mask(mask);
}

}  // namespace weft::runtime
