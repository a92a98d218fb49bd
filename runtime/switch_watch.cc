#include "runtime/switch_watch.h"

#include <algorithm>

#include "runtime/cpu_time.h"
#include "runtime/deadline.h"

namespace weft::runtime::switch_watch {
namespace {

constexpr std::int64_t kAside = -1;

// Also in a seeded run: code that computes takes none of its time.
std::int64_t real_now_ns() { return clock_ns(CLOCK_MONOTONIC); }

std::int64_t stretch_until(std::int64_t now, const detail::SwitchWatch& watch) {
  return watch.since_ns == kAside ? 0 : now - watch.since_ns;
}

enum class Then : std::uint8_t { kGoesOn, kIsAside };

void end_stretch(Fiber& fiber, Then then) {
  const std::int64_t now = fiber.watches == nullptr ? 0 : real_now_ns();
  for (detail::SwitchWatch* watch = fiber.watches; watch != nullptr; watch = watch->outer) {
    watch->longest_ns = std::max(watch->longest_ns, stretch_until(now, *watch));
    ++watch->turns;
    watch->since_ns = then == Then::kGoesOn ? now : kAside;
  }
}

}  // namespace

void enter(Fiber& fiber) {
  if (cpu_time::is_kept.load(std::memory_order_relaxed)) {
    cpu_time::enter(fiber);
  }
  const std::int64_t now = fiber.watches == nullptr ? 0 : real_now_ns();
  for (detail::SwitchWatch* watch = fiber.watches; watch != nullptr; watch = watch->outer) {
    watch->since_ns = now;
  }
}

void leave(Fiber& fiber) {
  if (cpu_time::is_kept.load(std::memory_order_relaxed)) {
    cpu_time::leave(fiber);
  }
  end_stretch(fiber, Then::kIsAside);
}

void gave_turn(Fiber& self) { end_stretch(self, Then::kGoesOn); }

void stands_aside(Fiber& self) { end_stretch(self, Then::kIsAside); }

void after_fork_in_child(const Fiber* self) {
  int count = cpu_time::is_kept.load() ? 1 : 0;
  for (const auto* watch = self == nullptr ? nullptr : self->watches; watch != nullptr;
       watch = watch->outer) {
    ++count;
  }
  watchers = count;
}

void add(Fiber& self, detail::SwitchWatch& watch) {
  watch.outer = self.watches;
  watch.since_ns = real_now_ns();
  self.watches = &watch;
  watchers.fetch_add(1, std::memory_order_relaxed);
}

void remove(Fiber& self, const detail::SwitchWatch& watch) {
  watchers.fetch_sub(1, std::memory_order_relaxed);
  detail::SwitchWatch** link = &self.watches;
  while (*link != &watch) {
    link = &(*link)->outer;
  }
  *link = watch.outer;
}

std::int64_t stretch_ns(const detail::SwitchWatch& watch) {
  return stretch_until(real_now_ns(), watch);
}

}  // namespace weft::runtime::switch_watch
