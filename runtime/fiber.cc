#include "runtime/fiber.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/fiber_pool.h"
#include "runtime/interruptible.h"
#include "runtime/os.h"
#include "runtime/scheduler.h"
#include "runtime/tcb.h"

namespace weft::runtime {

// One page holds a shared-TLS fiber's control block and first frames: that is what a parked fiber
// costs.
static_assert(sizeof(Fiber) <= 512, "a fiber's control block shares a page with its first frames");

namespace {
// The control block follows the thread control block, at the next multiple of this.
std::size_t fiber_align() {
  constexpr std::size_t kCacheLine = 64;
  return tcb::available() ? std::max(kCacheLine, tcb::alignment()) : kCacheLine;
}
char* align_down(char* address, std::size_t align) {
  return address - reinterpret_cast<std::uintptr_t>(address) % align;
}
}  // namespace

Fiber* fiber_of_thread(const void* thread_pointer) {
  return tcb::available() ? static_cast<Fiber*>(tcb::owner_of(thread_pointer)) : nullptr;
}

bool must_cancel(const Fiber& fiber) {
  return fiber.cancelled.load() && tcb::is_cancellable(fiber.thread_pointer);
}

bool must_cancel_at_once(const Fiber& fiber) {
  return fiber.cancelled.load() && is_cancellable_at_once(fiber);
}

bool is_cancellable_at_once(const Fiber& fiber) {
  return fiber.own_tls && tcb::available() && tcb::is_cancellable_at_any_time(fiber.thread_pointer);
}

void interrupt(Fiber& fiber) {
  fiber.interrupted = true;
  unpark(&fiber);
}

void set_name(Fiber& fiber, const char* name) {
  const std::size_t length = ::strnlen(name, sizeof fiber.name - 1);
  std::memcpy(fiber.name, name, length);
  fiber.name[length] = '\0';
}

namespace fiber_pool {
namespace {

struct FreeList {
  SpinLock lock;
  Fiber* head = nullptr;
};
constinit FreeList free_lists[StackSize::kCount][2];
constinit std::atomic<unsigned> cut{0};
constinit std::atomic<pid_t> next_tid{kFirstFiberTid};

// Equal spacing makes the hot lines of all fibers fall into the same cache sets; staggered tops
// spread them.
std::size_t stagger() { return std::size_t{cut.fetch_add(1, std::memory_order_relaxed) % 8} * 128; }
std::size_t overhead() { return std::size_t{8} * 128 + sizeof(Fiber) + fiber_align(); }

pid_t new_tid() {
  const pid_t tid = detail::fetch_add(next_tid, 1, std::memory_order_relaxed);
  if (tid > 0x7000'0000) {
    next_tid =
        kFirstFiberTid;  // as the kernel's own numbers wrap; 1.8 thousand million fibers later
  }
  return tid;
}

Fiber* make(int size_class, bool own_tls) {
  const Stack memory = cut_stack(size_class);
  if (memory.low == nullptr) {
    return nullptr;
  }
  char* const place = align_down(memory.top - stagger() - sizeof(Fiber), fiber_align());
  auto* const fiber = new (place) Fiber;
  fiber->memory = memory;
  fiber->size_class = size_class;
  fiber->tid = new_tid();
  fiber->own_tls = own_tls;
  if (own_tls) {
    fiber->thread_pointer = tcb::create(place, fiber->tid, fiber);
    if (fiber->thread_pointer == nullptr) {
      return nullptr;
    }
  }
  return fiber;
}

// Its own memory is what its code runs on, above the guard.
bool lay_out(Fiber* fiber, std::size_t guard_bytes) {
  auto* const place = reinterpret_cast<char*>(fiber);
  fiber->stack_top = align_down(fiber->own_tls ? place - tcb::block_bytes() : place, 64);
  fiber->stack_low = fiber->memory.low;
  if (guard_bytes != 0) {
    if (!widen_guard(fiber->memory, guard_bytes)) {
      return false;
    }
    fiber->guard_bytes = guard_bytes;
    fiber->stack_low += guard_bytes;
  }
  return true;
}

// Back to the first state, except for what belongs to the memory itself.
bool renew(Fiber* fiber) {
  fiber->tid = new_tid();
  fiber->next = nullptr;
  fiber->end_state.store(0, std::memory_order_relaxed);
  fiber->joiner.store(nullptr, std::memory_order_relaxed);
  fiber->interrupted.store(false, std::memory_order_relaxed);
  fiber->cancelled.store(false, std::memory_order_relaxed);
  fiber->called.store(false, std::memory_order_relaxed);
  fiber->limits = nullptr;
  fiber->limit = Deadline::never();
  fiber->watches = nullptr;
  fiber->shields = 0;
  fiber->was_cut_short = false;
  fiber->outside_waits = 0;
  fiber->is_blocking.store(false, std::memory_order_relaxed);
  fiber->raises.store(0, std::memory_order_relaxed);
  fiber->unknown_handler_ran.store(false, std::memory_order_relaxed);
  fiber->handlers_run.store({}, std::memory_order_relaxed);
  fiber->awaited_signals.store(0, std::memory_order_relaxed);
  fiber_signals::drop_all(*fiber);
  fiber->signal_stack = kNoSignalStack;
  fiber->cpu_time.store(0, std::memory_order_relaxed);
  fiber->cpu_time_told.store(0, std::memory_order_relaxed);
  fiber->exceptions = {};
  fiber->saved_errno = 0;
  fiber->result = nullptr;
  fiber->locals = nullptr;
  fiber->waits_for = WaitReason{};
  fiber->name[0] = '\0';
  return !fiber->own_tls || tcb::renew(fiber->thread_pointer, fiber->tid);
}

}  // namespace

std::size_t bytes_for_code(std::size_t spacing, bool own_tls) {
  return spacing - os::kPage - overhead() - (own_tls ? tcb::block_bytes() : 0);
}

Fiber* take(std::size_t stack_bytes, bool own_tls, std::size_t guard_bytes) {
  constexpr int kLargest = StackSize::kCount - 1;
  const std::size_t most = bytes_for_code(StackSize::spacing(kLargest), own_tls);
  guard_bytes -= std::min(guard_bytes, os::kPage);  // that one is there
  if (guard_bytes > most || stack_bytes > most - guard_bytes) {
    return nullptr;
  }
  const int size_class = StackSize::class_for(stack_bytes + guard_bytes + overhead() +
                                              (own_tls ? tcb::block_bytes() : 0));
  FreeList& list = free_lists[size_class][own_tls ? 1 : 0];
  list.lock.lock();
  Fiber* fiber = list.head;
  if (fiber != nullptr) {
    list.head = fiber->next;
  }
  list.lock.unlock();
  if (fiber == nullptr) {
    fiber = make(size_class, own_tls);
  } else if (!renew(fiber)) {
    fiber = nullptr;
  }
  if (fiber != nullptr && !lay_out(fiber, guard_bytes)) {
    put(fiber);
    return nullptr;
  }
  return fiber;
}

void put(Fiber* fiber) {
  if (fiber->guard_bytes != 0) {
    narrow_guard(fiber->memory, std::exchange(fiber->guard_bytes, 0));
  }
  fiber->state.store(FiberState::kFree, std::memory_order_release);
  FreeList& list = free_lists[fiber->size_class][fiber->own_tls ? 1 : 0];
  const SpinGuard hold(list.lock);
  fiber->next = list.head;
  list.head = fiber;
}

void lock_for_fork() {
  for (auto& lists : free_lists) {
    for (FreeList& list : lists) {
      list.lock.lock();
    }
  }
  lock_stacks_for_fork();
}

void unlock_after_fork() {
  unlock_stacks_after_fork();
  for (auto& lists : free_lists) {
    for (FreeList& list : lists) {
      list.lock.unlock();
    }
  }
}

}  // namespace fiber_pool
}  // namespace weft::runtime
