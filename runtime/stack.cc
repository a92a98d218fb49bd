#include "runtime/stack.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "runtime/check.h"
#include "runtime/os.h"
#include "runtime/spin_lock.h"
#include "runtime/sys.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // Linux 6.13
#endif

namespace weft::runtime {
namespace {

// A slab holds this many stacks, so that one mapping serves many, within reason for large ones.
constexpr std::size_t kStacksPerSlab = 64;
constexpr std::size_t kLargestSlab = std::size_t{512} << 20;

struct Slab {
  SpinLock lock;
  char* next = nullptr;
  char* end = nullptr;
};
constinit Slab slabs[StackSize::kCount];
constinit std::atomic<bool> guards_need_mprotect{false};
constinit std::atomic<bool> reported{false};

void report_once(const char* what, const char* remedy) {
  if (!reported.exchange(true)) {
    print_line("weft: no memory for another fiber's stack: ", what, ". ", remedy);
  }
}

bool guard(char* page) {
  if (!guards_need_mprotect.load(std::memory_order_relaxed)) {
    const long result = sys::call(SYS_madvise, page, os::kPage, MADV_GUARD_INSTALL);
    if (result == 0) {
      return true;
    }
    if (result != -EINVAL) {
      report_once("madvise(MADV_GUARD_INSTALL) failed",
                  "Is the memory limit of the process too low?");
      return false;
    }
    guards_need_mprotect = true;  // a kernel before 6.13
  }
  if (sys::failed(sys::call(SYS_mprotect, page, os::kPage, PROT_NONE))) {
    report_once("the process has too many memory maps, since each guard page splits one",
                "Raise it with `sysctl vm.max_map_count=1000000`, or use Linux 6.13 or newer.");
    return false;
  }
  return true;
}

bool refill(Slab& slab, int size_class) {
  const std::size_t spacing = StackSize::spacing(size_class);
  const std::size_t bytes = std::max(spacing, std::min(spacing * kStacksPerSlab, kLargestSlab));
  auto* memory = static_cast<char*>(os::map(bytes));
  if (memory == nullptr) {
    report_once("mmap failed",
                "Lower the stack size (WEFT_STACK, `weft run --stack`), or raise `ulimit -v`.");
    return false;
  }
  // Huge pages would commit 2 MiB for the first touch of a stack.
  sys::call(SYS_madvise, memory, bytes, MADV_NOHUGEPAGE);
  slab.next = memory;
  slab.end = memory + bytes;
  return true;
}

}  // namespace

int StackSize::class_for(std::size_t bytes) {
  int size_class = 0;
  while (size_class < kCount - 1 && spacing(size_class) - os::kPage < bytes) {
    ++size_class;
  }
  return size_class;
}

Stack cut_stack(int size_class) {
  Slab& slab = slabs[size_class];
  const SpinGuard hold(slab.lock);
  if (slab.next == slab.end && !refill(slab, size_class)) {
    return {};
  }
  if (!guard(slab.next)) {
    return {};
  }
  char* const low = slab.next;
  slab.next += StackSize::spacing(size_class);
  return {low + os::kPage, slab.next};
}

void lock_stacks_for_fork() {
  for (Slab& slab : slabs) {
    slab.lock.lock();
  }
}

void unlock_stacks_after_fork() {
  for (Slab& slab : slabs) {
    slab.lock.unlock();
  }
}

bool widen_guard(const Stack& stack, std::size_t bytes) {
  return !sys::failed(sys::call(SYS_mprotect, stack.low, bytes, PROT_NONE));
}

void narrow_guard(const Stack& stack, std::size_t bytes) {
  sys::call(SYS_mprotect, stack.low, bytes, PROT_READ | PROT_WRITE);
}

bool in_guard(const Stack& stack, const char* low, const void* address) {
  const auto* at = static_cast<const char*>(address);
  return at < low && at >= stack.low - os::kPage;
}

const char* guard_method() {
  return guards_need_mprotect.load() ? "mprotect" : "MADV_GUARD_INSTALL";
}

}  // namespace weft::runtime
