#include "runtime/fiber.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/fiber_pool.h"
#include "runtime/os.h"
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
  if (!tcb::available() || tcb::tid_of(thread_pointer) < kFirstFiberTid) {
    return nullptr;
  }
  char* const end = tcb::end_of(const_cast<void*>(thread_pointer));
  return reinterpret_cast<Fiber*>(align_down(end + fiber_align() - 1, fiber_align()));
}

bool must_cancel(const Fiber& fiber) {
  return fiber.cancelled.load(std::memory_order_relaxed) &&
         tcb::is_cancellable(fiber.thread_pointer);
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
  const pid_t tid = next_tid.fetch_add(1, std::memory_order_relaxed);
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
  char* top = place;
  if (own_tls) {
    fiber->thread_pointer = tcb::create(place, fiber->tid);
    if (fiber->thread_pointer == nullptr) {
      return nullptr;
    }
    top = place - tcb::block_bytes();
  }
  fiber->stack_low = memory.low;
  fiber->stack_top = align_down(top, 64);
  return fiber;
}

// Back to the first state, except for what belongs to the memory itself.
bool renew(Fiber* fiber) {
  fiber->tid = new_tid();
  fiber->end_state.store(0, std::memory_order_relaxed);
  fiber->interrupted.store(false, std::memory_order_relaxed);
  fiber->cancelled.store(false, std::memory_order_relaxed);
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

Fiber* take(std::size_t stack_bytes, bool own_tls) {
  constexpr int kLargest = StackSize::kCount - 1;
  if (stack_bytes > bytes_for_code(StackSize::spacing(kLargest), own_tls)) {
    return nullptr;
  }
  const int size_class =
      StackSize::class_for(stack_bytes + overhead() + (own_tls ? tcb::block_bytes() : 0));
  FreeList& list = free_lists[size_class][own_tls ? 1 : 0];
  list.lock.lock();
  Fiber* const fiber = list.head;
  if (fiber == nullptr) {
    list.lock.unlock();
    return make(size_class, own_tls);
  }
  list.head = fiber->next;
  list.lock.unlock();
  fiber->next = nullptr;
  return renew(fiber) ? fiber : nullptr;
}

void put(Fiber* fiber) {
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
