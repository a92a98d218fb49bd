// native.h: locks that only libc and the kernel can handle, since others than this process's fibers
// have to do with them.
//
// Layer:  hooks.      See also: hooks/DESIGN.md ("Locks that stay libc's").
#pragma once
#include <sys/types.h>

#include "runtime/scheduler.h"

namespace weft::hooks::sync {

/// For one call of libc's on a lock: where libc or the kernel look at who the owner is (`wanted`),
/// the running fiber is its kernel thread as long as this object lives, and keeps that one to
/// itself as long as it holds such locks. Does nothing off a fiber.
class AsKernelThread {
 public:
  explicit AsKernelThread(bool wanted = true);
  ~AsKernelThread();
  AsKernelThread(const AsKernelThread&) = delete;
  AsKernelThread& operator=(const AsKernelThread&) = delete;

  /// The call took the lock, if it returned 0 or EOWNERDEAD. Returns `result`.
  int locked(int result);
  /// The call gave it back, if it returned 0. Returns `result`.
  int unlocked(int result);

 private:
  void* block_ = nullptr;  // the fiber's thread control block; null: nothing to put back
  pid_t before_ = 0;
};

/// After a thread was made: the running one is the only one no more, and may hold such locks.
void pin_owner();

}  // namespace weft::hooks::sync
