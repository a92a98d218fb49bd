#include <weft/bounded_semaphore.h>
#include <weft/semaphore.h>

#include <cerrno>
#include <stdexcept>

#include "runtime/api_wait.h"
#include "runtime/scheduler.h"

namespace weft {
namespace {

namespace lot = runtime::lot;
using lot::Choice;
using lot::Woken;

// What a waiter wants: to hear that there is a permit, or to have it.
constexpr std::uint32_t kLooks = 0;
constexpr std::uint32_t kTakes = 1;

}  // namespace

// Invariant: somebody is queued only while there is no permit.

bool Semaphore::give_turn() {
  runtime::yield();
  return false;
}

// False: there may be a permit, look. Else the wait is over: *in_time says how.
bool Semaphore::park_if_empty(std::int64_t deadline, std::uint32_t tag, const char* call,
                              bool* in_time) {
  std::uint32_t expected = 0;
  if (!detail::compare_exchange(word_, expected, kHasWaiters, std::memory_order_relaxed) &&
      expected != kHasWaiters) {
    return false;
  }
  const auto is_empty = [this] { return word_.load(std::memory_order_relaxed) == kHasWaiters; };
  const Woken woken = lot::park(&word_, is_empty, detail::wait_options(deadline, tag));
  detail::check(woken, call);
  if (woken == Woken::kUnparked) {
    detail::let_waker_finish(&word_);
  }
  *in_time = woken == Woken::kUnparked;
  return woken == Woken::kUnparked || woken == Woken::kTimedOut;
}

bool Semaphore::acquire_slow(std::int64_t deadline) {
  bool in_time = false;
  while (!take()) {
    if (park_if_empty(deadline, kTakes, "weft::Semaphore::acquire", &in_time)) {
      return in_time;  // if so, with a permit that never was in the word
    }
  }
  return true;
}

bool Semaphore::wait_slow(std::int64_t deadline) {
  bool in_time = false;
  while (locked()) {
    if (park_if_empty(deadline, kLooks, "weft::Semaphore::wait", &in_time)) {
      return in_time;
    }
  }
  return true;
}

detail::WaitPoint Semaphore::wait_point() const {
  const auto announce = [](const void* object) {
    const auto& semaphore = *static_cast<const Semaphore*>(object);
    std::uint32_t expected = 0;
    return semaphore.word_.compare_exchange_strong(expected, kHasWaiters) ||
           expected == kHasWaiters;
  };
  return {&word_, this, announce};  // one without a tag looks
}

void Semaphore::release(std::uint32_t count) {
  if (!release_within(count, kCount)) {
    detail::throw_errno(EOVERFLOW, "weft::Semaphore::release");
  }
}

bool Semaphore::release_within(std::uint32_t count, std::uint32_t most) {
  std::uint32_t seen = word_.load(std::memory_order_relaxed);
  do {
    if (count > most - (seen & kCount)) {
      return false;
    }
    if ((seen & kHasWaiters) != 0) {
      return release_slow(count, most);
    }
  } while (!detail::compare_exchange(word_, seen, seen + count, std::memory_order_release));
  return true;
}

bool Semaphore::release_slow(std::uint32_t count, std::uint32_t most) {
  std::uint32_t rest = count;
  bool fits = true;
  lot::unpark_if(
      &word_,
      [&](std::uint32_t tag) {
        if (rest == 0) {
          return Choice::kStop;
        }
        rest -= tag == kTakes ? 1 : 0;
        return Choice::kWake;
      },
      [&](int, int left) {
        std::uint32_t seen = word_.load(std::memory_order_relaxed);
        std::uint32_t wanted = 0;
        do {
          // If not, nobody has been woken: there were permits, so nobody was queued.
          fits = rest <= most - (seen & kCount);
          wanted = ((seen & kCount) + (fits ? rest : 0)) | (left > 0 ? kHasWaiters : 0);
        } while (!detail::compare_exchange(word_, seen, wanted, std::memory_order_release));
      });
  return fits;
}

void BoundedSemaphore::release(std::uint32_t count) {
  if (!release_within(count, bound_)) {
    throw std::logic_error(
        "weft::BoundedSemaphore::release: more permits than there were at first");
  }
}

}  // namespace weft
