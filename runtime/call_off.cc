#include "runtime/call_off.h"

#include <algorithm>

#include "runtime/interruptible.h"
#include "runtime/parking_lot.h"
#include "runtime/spin_lock.h"

namespace weft::runtime::call_off {
namespace {

void find_first_limit(Fiber& self) {
  std::int64_t first = detail::kNever;
  for (const TimeLimit* limit = self.limits; limit != nullptr; limit = limit->next) {
    if (!limit->has_passed) {
      first = std::min(first, limit->deadline);
    }
  }
  self.limit = Deadline::at(first);
}

}  // namespace

void throw_into(Fiber& fiber, std::unique_ptr<Thrown> thrown) {
  Thrown** end = &fiber.thrown;
  while (*end != nullptr) {
    end = &(*end)->next;
  }
  *end = thrown.release();
  fiber.is_called_off.store(true, std::memory_order_seq_cst);
  interrupt(fiber);
}

std::unique_ptr<Thrown> take(Fiber& fiber) {
  const SpinGuard hold(lot::bucket_of(fiber.thrown_guard).lock);
  std::unique_ptr<Thrown> first(fiber.thrown);
  fiber.thrown = first == nullptr ? nullptr : first->next;
  fiber.is_called_off.store(fiber.thrown != nullptr, std::memory_order_relaxed);
  return first;
}

void add_limit(Fiber& self, TimeLimit& limit) {
  limit.next = self.limits;
  self.limits = &limit;
  find_first_limit(self);
}

void remove_limit(Fiber& self, TimeLimit& limit) {
  TimeLimit** link = &self.limits;
  while (*link != &limit) {
    link = &(*link)->next;
  }
  *link = limit.next;
  find_first_limit(self);
}

TimeLimit* take_passed_limit(Fiber& self) {
  if (!self.limit.passed()) {
    return nullptr;
  }
  TimeLimit* found = self.limits;
  while (found->has_passed || found->deadline != self.limit.ns()) {
    found = found->next;
  }
  found->has_passed = true;
  find_first_limit(self);
  return found;
}

}  // namespace weft::runtime::call_off
