// futex.cc: futex(2) without priority inheritance.
#include "hooks/sync/futex.h"

#include <algorithm>
#include <cerrno>

#include "hooks/block.h"
#include "hooks/cancel.h"
#include "hooks/sync/park.h"
#include "hooks/sync/shared_memory.h"
#include "hooks/sync/user_word.h"
#include "runtime/parking_lot.h"
#include "runtime/sys.h"

namespace weft::hooks::sync {

namespace lot = runtime::lot;
namespace sys = runtime::sys;
using runtime::Deadline;

namespace {

long by_kernel(const FutexCall& call) {
  return sys::call(SYS_futex, call.word, call.operation, call.value, call.timeout, call.word2,
                   call.value3);
}

// FUTEX_WAIT has a length, FUTEX_WAIT_BITSET a moment. False if it is no time.
bool end_of(const FutexCall& call, Deadline* end) {
  *end = Deadline::never();
  if (call.timeout == nullptr) {
    return true;
  }
  if (call.timeout->tv_sec < 0 || call.timeout->tv_nsec < 0 ||
      call.timeout->tv_nsec >= Deadline::kSecond) {
    return false;
  }
  const std::int64_t ns = runtime::to_ns(*call.timeout);
  *end = call.command() == FUTEX_WAIT
             ? Deadline::after(std::chrono::nanoseconds(ns))
             : Deadline::on_clock(call.on_realtime() ? CLOCK_REALTIME : CLOCK_MONOTONIC, ns);
  return true;
}

long wait(const FutexCall& call) {
  const bool has_bits = call.command() == FUTEX_WAIT_BITSET;
  const std::uint32_t bits = has_bits ? call.value3 : FUTEX_BITSET_MATCH_ANY;
  Deadline end;
  if (bits == 0 || !end_of(call, &end)) {
    return -EINVAL;
  }
  if ((call.operation & FUTEX_PRIVATE_FLAG) == 0 && is_shared_memory(call.word)) {
    return block([&call] { return by_kernel(call); });  // another process may do the waking
  }
  begin_call();
  const auto unchanged = [&call] { return load(call.word) == call.value; };
  for (;;) {
    switch (
        lot::park(call.word, unchanged, {.deadline = end, .tag = bits, .interruptible = true})) {
      case lot::Woken::kInvalid:
        return -EAGAIN;
      case lot::Woken::kTimedOut:
        return -ETIMEDOUT;
      case lot::Woken::kInterrupted:
        if (is_interrupted(run_handlers(), call.timeout != nullptr)) {
          return -EINTR;
        }
        break;
      default:
        return 0;
    }
  }
}

// Waiters inside libc sleep in the kernel, so what is left of the count goes there. The kernel
// wakes one for a count of zero, too.
long wake(const FutexCall& call, std::uint32_t bits) {
  const int wanted = std::max(1, static_cast<int>(call.value));
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
  const long more = woken >= wanted
                        ? 0
                        : sys::call(SYS_futex, call.word,
                                    FUTEX_WAKE_BITSET | (call.operation & FUTEX_PRIVATE_FLAG),
                                    wanted - woken, nullptr, nullptr, bits);
  if (woken != 0) {
    give_way();
  }
  return more < 0 ? (woken > 0 ? woken : more) : woken + more;
}

// As with wake, the kernel's waiters come behind those of the parking lot.
long requeue(const FutexCall& call) {
  const bool must_match = call.command() == FUTEX_CMP_REQUEUE;
  const auto most_woken = static_cast<int>(call.value);
  const auto most_moved = static_cast<int>(reinterpret_cast<std::intptr_t>(call.timeout));
  if (most_woken < 0 || most_moved < 0) {
    return -EINVAL;
  }
  lot::Requeued done = {0, 0};
  const bool good = lot::requeue(
      call.word, call.word2, [&] { return !must_match || load(call.word) == call.value3; },
      most_woken, most_moved, &done);
  if (!good) {
    return -EAGAIN;
  }
  const long more =
      sys::call(SYS_futex, call.word, FUTEX_REQUEUE | (call.operation & FUTEX_PRIVATE_FLAG),
                most_woken - done.woken, most_moved - done.moved, call.word2, 0);
  return done.woken + done.moved + std::max(more, 0L);
}

// FUTEX_WAKE_OP: changes the second word, wakes at the first, and at the second if its old value
// compares. Operands are signed numbers of 12 bits.
std::int32_t sign_extended(std::uint32_t bits) {
  return static_cast<std::int32_t>(bits << 20) >> 20;
}

// -ENOSYS for an unknown operation or comparison.
long operate(std::uint32_t* word, std::uint32_t encoded, std::uint32_t* old) {
  auto operand = static_cast<std::uint32_t>(sign_extended(encoded >> 12));
  if ((encoded >> 28 & FUTEX_OP_OPARG_SHIFT) != 0) {
    operand = 1U << (operand & 31);
  }
  switch (encoded >> 28 & 7) {
    case FUTEX_OP_SET:
      *old = __atomic_exchange_n(word, operand, __ATOMIC_SEQ_CST);
      return 0;
    case FUTEX_OP_ADD:
      *old = __atomic_fetch_add(word, operand, __ATOMIC_SEQ_CST);
      return 0;
    case FUTEX_OP_OR:
      *old = __atomic_fetch_or(word, operand, __ATOMIC_SEQ_CST);
      return 0;
    case FUTEX_OP_ANDN:
      *old = __atomic_fetch_and(word, ~operand, __ATOMIC_SEQ_CST);
      return 0;
    case FUTEX_OP_XOR:
      *old = __atomic_fetch_xor(word, operand, __ATOMIC_SEQ_CST);
      return 0;
    default:
      return -ENOSYS;
  }
}

long compares(std::uint32_t old, std::uint32_t encoded) {
  const auto value = static_cast<std::int32_t>(old);
  const std::int32_t operand = sign_extended(encoded);
  switch (encoded >> 24 & 15) {
    case FUTEX_OP_CMP_EQ:
      return value == operand ? 1 : 0;
    case FUTEX_OP_CMP_NE:
      return value != operand ? 1 : 0;
    case FUTEX_OP_CMP_LT:
      return value < operand ? 1 : 0;
    case FUTEX_OP_CMP_LE:
      return value <= operand ? 1 : 0;
    case FUTEX_OP_CMP_GT:
      return value > operand ? 1 : 0;
    case FUTEX_OP_CMP_GE:
      return value >= operand ? 1 : 0;
    default:
      return -ENOSYS;
  }
}

long wake_op(const FutexCall& call) {
  std::uint32_t old = 0;
  if (const long error = operate(const_cast<std::uint32_t*>(call.word2), call.value3, &old)) {
    return error;
  }
  const long shall_wake = compares(old, call.value3);
  if (shall_wake < 0) {
    return shall_wake;
  }
  const long first = wake(call, FUTEX_BITSET_MATCH_ANY);
  if (first < 0 || shall_wake == 0) {
    return first;
  }
  FutexCall second = call;
  second.word = call.word2;
  second.value = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(call.timeout));
  const long more = wake(second, FUTEX_BITSET_MATCH_ANY);
  return more < 0 ? first : first + more;
}

bool is_wait(int command) {
  return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
         command == FUTEX_LOCK_PI2;
}

bool has_second_word(int command) {
  return command == FUTEX_WAKE_OP || command == FUTEX_REQUEUE || command == FUTEX_CMP_REQUEUE;
}

bool is_no_word(const std::uint32_t* word) {
  return word == nullptr || reinterpret_cast<std::uintptr_t>(word) % sizeof *word != 0;
}

// Memory that is to be looked at, and is not there.
bool faults(const FutexCall& call) {
  const int command = call.command();
  const bool reads_first = command != FUTEX_WAKE && command != FUTEX_WAKE_BITSET &&
                           command != FUTEX_WAKE_OP && command != FUTEX_REQUEUE;
  return (reads_first && !can_read(call.word, sizeof *call.word)) ||
         (command == FUTEX_WAKE_OP && !can_read(call.word2, sizeof *call.word2)) ||
         (is_wait(command) && call.timeout != nullptr &&
          !can_read(call.timeout, sizeof *call.timeout));
}

// Before there are fibers, and what the kernel refuses before it does anything.
bool is_for_kernel(const FutexCall& call) {
  const int command = call.command();
  return runtime::Scheduler::process() == nullptr || is_no_word(call.word) ||
         (has_second_word(command) && is_no_word(call.word2)) ||
         (call.on_realtime() && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI2 &&
          command != FUTEX_WAIT_REQUEUE_PI) ||
         faults(call);
}

}  // namespace

long futex(const long (&a)[6], bool* handled) {
  // NOLINTBEGIN(performance-no-int-to-ptr): the arguments of a system call are registers
  const FutexCall call = {reinterpret_cast<const std::uint32_t*>(a[0]),
                          static_cast<int>(a[1]),
                          static_cast<std::uint32_t>(a[2]),
                          reinterpret_cast<const timespec*>(a[3]),
                          reinterpret_cast<const std::uint32_t*>(a[4]),
                          static_cast<std::uint32_t>(a[5])};
  // NOLINTEND(performance-no-int-to-ptr)
  *handled = !is_for_kernel(call);
  if (!*handled) {
    return 0;
  }
  switch (call.command()) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
      return wait(call);
    case FUTEX_WAKE:
      return wake(call, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
      return call.value3 == 0 ? -EINVAL : wake(call, call.value3);
    case FUTEX_WAKE_OP:
      return wake_op(call);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
      return requeue(call);
    default: {
      const long result = futex_pi(call);
      *handled = result != -ENOSYS;
      return result;
    }
  }
}

}  // namespace weft::hooks::sync
