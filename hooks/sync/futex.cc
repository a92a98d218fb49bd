#include "hooks/sync/futex.h"

#include <linux/futex.h>

#include <cerrno>
#include <cstdint>

#include "hooks/sync/intervals.h"
#include "hooks/sync/shared_memory.h"
#include "hooks/time_point.h"
#include "runtime/parking_lot.h"
#include "runtime/sys.h"

namespace weft::hooks::sync {

namespace lot = runtime::lot;
namespace sys = runtime::sys;
using runtime::Deadline;

namespace {

struct Call {
  const std::uint32_t* word;
  int operation;
  std::uint32_t value;
  const timespec* timeout;  // or the number to requeue
  const std::uint32_t* word2;
  std::uint32_t value3;
};

std::uint32_t load(const std::uint32_t* word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

// FUTEX_WAIT has a length, FUTEX_WAIT_BITSET a moment.
TimePoint end_of(const Call& call, int command) {
  const bool is_realtime = (call.operation & FUTEX_CLOCK_REALTIME) != 0;
  if (call.timeout == nullptr || command == FUTEX_WAIT_BITSET) {
    return {is_realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, call.timeout};
  }
  if (call.timeout->tv_nsec < 0 || call.timeout->tv_nsec >= Deadline::kSecond) {
    return {CLOCK_MONOTONIC, call.timeout};
  }
  const Deadline deadline =
      Deadline::after(std::chrono::nanoseconds(runtime::to_ns(*call.timeout)));
  const timespec moment = deadline.to_timespec();
  return {CLOCK_MONOTONIC, deadline.is_never() ? nullptr : &moment};
}

bool is_visible_to_others(const Call& call) {
  return (call.operation & FUTEX_PRIVATE_FLAG) == 0 && is_shared_memory(call.word);
}

long wait(const Call& call, int command) {
  const std::uint32_t bits = command == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : call.value3;
  const TimePoint end = end_of(call, command);
  if (bits == 0 || !end.is_valid()) {
    return -EINVAL;
  }
  const auto unchanged = [&call] { return load(call.word) == call.value; };
  if (is_visible_to_others(call)) {
    if (!unchanged()) {
      return -EAGAIN;
    }
    // Another process may do the waking, which nobody tells us: look.
    return -try_at_intervals(end, EBUSY, [&] { return unchanged() ? EBUSY : 0; });
  }
  switch (lot::park(call.word, unchanged,
                    {.deadline = end.deadline(), .tag = bits, .interruptible = true})) {
    case lot::Woken::kInvalid:
      return -EAGAIN;
    case lot::Woken::kTimedOut:
      return -ETIMEDOUT;
    case lot::Woken::kInterrupted:
      return -EINTR;
    default:
      return 0;
  }
}

// Waiters inside libc sleep in the kernel, so what is left of the count goes there.
long wake(const Call& call, std::uint32_t bits) {
  const auto wanted = static_cast<int>(call.value);
  int left = wanted;
  const int woken = lot::unpark_if(
      call.word,
      [&left, bits](std::uint32_t tag) {
        if (left <= 0) {
          return lot::Choice::kStop;
        }
        const bool matches = (tag & bits) != 0;
        left -= matches ? 1 : 0;
        return matches ? lot::Choice::kWake : lot::Choice::kSkip;
      },
      [](int, int) {});
  if (woken >= wanted) {
    return woken;
  }
  const long more =
      sys::call(SYS_futex, call.word, FUTEX_WAKE_BITSET | (call.operation & FUTEX_PRIVATE_FLAG),
                wanted - woken, nullptr, nullptr, bits);
  return more < 0 ? (woken > 0 ? woken : more) : woken + more;
}

long requeue(const Call& call, bool must_match) {
  const auto move = static_cast<int>(reinterpret_cast<std::intptr_t>(call.timeout));
  lot::Requeued done = {0, 0};
  const bool good = lot::requeue(
      call.word, call.word2, [&] { return !must_match || load(call.word) == call.value3; },
      static_cast<int>(call.value), move, &done);
  if (!good) {
    return -EAGAIN;
  }
  return must_match ? done.woken + done.moved : done.woken;
}

// FUTEX_WAKE_OP: changes the second word, wakes at the first, and at the second if its old value
// compares.
std::uint32_t operate(std::uint32_t* word, std::uint32_t encoded) {
  std::uint32_t operand = encoded >> 12 & 0xfff;
  if ((encoded >> 28 & FUTEX_OP_OPARG_SHIFT) != 0) {
    operand = 1U << (operand & 31);
  }
  switch (encoded >> 28 & 7) {
    case FUTEX_OP_SET:
      return __atomic_exchange_n(word, operand, __ATOMIC_SEQ_CST);
    case FUTEX_OP_ADD:
      return __atomic_fetch_add(word, operand, __ATOMIC_SEQ_CST);
    case FUTEX_OP_OR:
      return __atomic_fetch_or(word, operand, __ATOMIC_SEQ_CST);
    case FUTEX_OP_ANDN:
      return __atomic_fetch_and(word, ~operand, __ATOMIC_SEQ_CST);
    default:
      return __atomic_fetch_xor(word, operand, __ATOMIC_SEQ_CST);
  }
}

bool compares(std::uint32_t old, std::uint32_t encoded) {
  const auto value = static_cast<std::int32_t>(old);
  const auto operand = static_cast<std::int32_t>(encoded & 0xfff);
  switch (encoded >> 24 & 15) {
    case FUTEX_OP_CMP_EQ:
      return value == operand;
    case FUTEX_OP_CMP_NE:
      return value != operand;
    case FUTEX_OP_CMP_LT:
      return value < operand;
    case FUTEX_OP_CMP_LE:
      return value <= operand;
    case FUTEX_OP_CMP_GT:
      return value > operand;
    default:
      return value >= operand;
  }
}

long wake_op(const Call& call) {
  const std::uint32_t old = operate(const_cast<std::uint32_t*>(call.word2), call.value3);
  const long first = wake(call, FUTEX_BITSET_MATCH_ANY);
  if (first < 0 || !compares(old, call.value3)) {
    return first;
  }
  Call second = call;
  second.word = call.word2;
  second.value = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(call.timeout));
  const long more = wake(second, FUTEX_BITSET_MATCH_ANY);
  return more < 0 ? first : first + more;
}

}  // namespace

long futex(const long (&a)[6], bool* handled) {
  // NOLINTBEGIN(performance-no-int-to-ptr): the arguments of a system call are registers
  const Call call = {reinterpret_cast<const std::uint32_t*>(a[0]),
                     static_cast<int>(a[1]),
                     static_cast<std::uint32_t>(a[2]),
                     reinterpret_cast<const timespec*>(a[3]),
                     reinterpret_cast<const std::uint32_t*>(a[4]),
                     static_cast<std::uint32_t>(a[5])};
  // NOLINTEND(performance-no-int-to-ptr)
  const int command = call.operation & FUTEX_CMD_MASK;
  *handled = a[0] % 4 == 0 && call.word != nullptr;
  if (!*handled) {
    return 0;
  }
  switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
      return wait(call, command);
    case FUTEX_WAKE:
      return wake(call, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
      return call.value3 == 0 ? -EINVAL : wake(call, call.value3);
    case FUTEX_WAKE_OP:
      return wake_op(call);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
      return requeue(call, command == FUTEX_CMP_REQUEUE);
    default:
      *handled = false;
      return 0;
  }
}

}  // namespace weft::hooks::sync
