#include "runtime/api_fiber_local.h"

#include <weft/fiber_local.h>

#include <atomic>
#include <memory>

#include "runtime/context.h"

namespace weft::detail {
namespace {

struct Local {
  std::uint64_t key;
  void* value;
  void (*destroy)(void*);
  Local* next;
};

// Fibers use few of them: a list, newest first, is smaller than any table and as quick.
//
// Each is taken out before it is destroyed: its destructor may use the others, or make new ones.
template <class Head>
void destroy_all(Head& head) {
  while (head != nullptr) {
    const std::unique_ptr<Local> first(static_cast<Local*>(head));
    head = first->next;
    first->destroy(first->value);
  }
}

// What has TLS of its own keeps its values there: kernel threads, and fibers that are threads to
// libc.
struct ThreadLocals {
  Local* head = nullptr;
  constexpr ThreadLocals() = default;
  ThreadLocals(const ThreadLocals&) = delete;
  ThreadLocals& operator=(const ThreadLocals&) = delete;
  ~ThreadLocals() { destroy_all(head); }
};
constinit thread_local ThreadLocals thread_locals;

bool shares_tls(const runtime::Fiber* fiber) {
  return fiber != nullptr && !fiber->own_tls && !fiber->is_main;
}

Local* first_local() {
  const runtime::Fiber* const self = runtime::current();
  return shares_tls(self) ? static_cast<Local*>(self->locals) : thread_locals.head;
}

}  // namespace

std::uint64_t new_local_key() {
  static constinit std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

void* find_local(std::uint64_t key) {
  for (const Local* local = first_local(); local != nullptr; local = local->next) {
    if (local->key == key) {
      return local->value;
    }
  }
  return nullptr;
}

void add_local(std::uint64_t key, void* value, void (*destroy)(void*)) {
  runtime::Fiber* const self = runtime::current();
  auto* const local = new Local{key, value, destroy, first_local()};
  if (shares_tls(self)) {
    self->locals = local;
  } else {
    thread_locals.head = local;
  }
}

void destroy_locals(runtime::Fiber& fiber) { destroy_all(fiber.locals); }

}  // namespace weft::detail
