// semaphore.cc: sem_t that are not shared between processes. Named and shared ones are libc's.
//
// glibc's layout: the value in the low half of a 64-bit word, the number of waiters in the high
// half, whether it is shared behind it. Waiters count themselves before their last look at the
// value, so a post that sees none needs no wake-up.
#include <cerrno>
#include <cstdint>
#include <limits>

#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/real.h"
#include "hooks/sync/park.h"
#include "hooks/sync/sync.h"

namespace weft::hooks::sync {

namespace {

struct Layout {  // glibc: struct new_sem
  std::uint64_t value_and_waiters;
  int shared;
};
static_assert(sizeof(Layout) <= sizeof(sem_t));

constexpr std::uint64_t kOneWaiter = std::uint64_t{1} << 32;
constexpr std::uint64_t kValue = kOneWaiter - 1;

Layout& layout_of(sem_t* s) { return *reinterpret_cast<Layout*>(s); }
bool is_shared(sem_t* s) { return layout_of(s).shared != 0; }
std::uint64_t load(sem_t* s) {
  return __atomic_load_n(&layout_of(s).value_and_waiters, __ATOMIC_ACQUIRE);
}

// `leaving` is kOneWaiter for a waiter that is counted.
bool take(sem_t* s, std::uint64_t leaving) {
  std::uint64_t seen = load(s);
  while ((seen & kValue) != 0) {
    if (__atomic_compare_exchange_n(&layout_of(s).value_and_waiters, &seen, seen - 1 - leaving,
                                    true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      return true;
    }
  }
  return false;
}

int as_errno(int result) { return result == 0 ? 0 : errno; }

// A waiter is counted from before its last look at the value until it has taken it, gives up, or is
// cancelled.
class CountedWaiter {
 public:
  explicit CountedWaiter(sem_t* s) : semaphore_(s) {
    __atomic_fetch_add(&layout_of(s).value_and_waiters, kOneWaiter, __ATOMIC_SEQ_CST);
  }
  ~CountedWaiter() {
    if (semaphore_ != nullptr) {
      __atomic_fetch_sub(&layout_of(semaphore_).value_and_waiters, kOneWaiter, __ATOMIC_SEQ_CST);
    }
  }
  CountedWaiter(const CountedWaiter&) = delete;
  CountedWaiter& operator=(const CountedWaiter&) = delete;

  /// From then on the semaphore may be gone.
  bool take() {
    if (!sync::take(semaphore_, kOneWaiter)) {
      return false;
    }
    semaphore_ = nullptr;
    return true;
  }

 private:
  sem_t* semaphore_;
};

int wait_counted(sem_t* s, const TimePoint& until) {
  const auto is_empty = [s] { return (load(s) & kValue) == 0; };
  CountedWaiter waiter(s);
  while (!waiter.take()) {
    const lot::Woken woken =
        lot::park(s, is_empty, {.deadline = until.deadline(), .interruptible = true});
    if (woken == lot::Woken::kTimedOut) {
      return ETIMEDOUT;
    }
    if (woken == lot::Woken::kInterrupted &&
        is_interrupted(act_on_calls(), until.until() != nullptr)) {
      return EINTR;
    }
  }
  return 0;
}

int wait_by_libc(sem_t* s, const TimePoint& until) {
  test_cancel();
  const int saved_errno = errno;
  if (real::sem_trywait(s) == 0) {
    return 0;
  }
  errno = saved_errno;
  return as_errno(block([s, &until] {
    int result = 0;
    do {
      result = until.until() == nullptr ? real::sem_wait(s)
                                        : real::sem_clockwait(s, until.clock(), until.until());
    } while (result != 0 && goes_on_behind(errno));
    return result;
  }));
}

}  // namespace

int wait(sem_t* s, const TimePoint& until) {
  if (!until.is_valid()) {
    return EINVAL;  // as in libc also where it need not wait
  }
  if (is_shared(s)) {
    return wait_by_libc(s, until);
  }
  test_cancel();
  if (take(s, 0)) {
    return 0;
  }
  const int error = wait_counted(s, until);
  if (error != 0) {
    test_cancel();
  }
  return error;
}

int try_wait(sem_t* s) {
  if (is_shared(s)) {
    return as_errno(real::sem_trywait(s));
  }
  return take(s, 0) ? 0 : EAGAIN;
}

int post(sem_t* s) {
  if (is_shared(s)) {
    return as_errno(real::sem_post(s));
  }
  std::uint64_t seen = load(s);
  do {
    if ((seen & kValue) == SEM_VALUE_MAX) {
      return EOVERFLOW;
    }
  } while (!__atomic_compare_exchange_n(&layout_of(s).value_and_waiters, &seen, seen + 1, true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
  if (seen >= kOneWaiter && lot::unpark(s, 1) != 0) {
    give_way();
  }
  return 0;
}

}  // namespace weft::hooks::sync
