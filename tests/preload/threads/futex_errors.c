/* futex(2) by syscall(2), by one thread: wrong arguments, time limits, counts of nobody, WAKE_OP's
 * arithmetic, words that the kernel owns (priority inheritance). */
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static uint32_t word, word2;
static const uint32_t zero;

static long futex(const void* at, int op, uint32_t value, const void* timeout, const void* at2,
                  uint32_t value3) {
  return syscall(SYS_futex, at, op, value, timeout, at2, value3);
}

static long wait_for(int op, long seconds, long nanoseconds) {
  const struct timespec t = {seconds, nanoseconds};
  return futex(&word, op, 0, &t, NULL, FUTEX_BITSET_MATCH_ANY);
}

static long wait_until(int op, clockid_t clock, long ms) {
  const struct timespec t = in_ms(clock, ms);
  return futex(&word, op, 0, &t, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void use_waits(int private) {
  const int wait = FUTEX_WAIT | private, wait_bits = FUTEX_WAIT_BITSET | private;
  printf("-- waits, %s\n", private ? "private" : "shared");
  SAY_ERRNO(futex(&word, wait, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, wait_bits, 1, NULL, NULL, 1));
  SAY_ERRNO(futex(&word, wait_bits, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, wait_bits, 1, NULL, NULL, 0));
  SAY_ERRNO(wait_for(wait, 0, 0));
  SAY_ERRNO(wait_for(wait, 0, 10000000));
  SAY_ERRNO(wait_for(wait, 0, -1));
  SAY_ERRNO(wait_for(wait, 0, 1000000000));
  SAY_ERRNO(wait_for(wait, -1, 0));
  SAY_ERRNO(wait_for(wait_bits, 0, 0));
  SAY_ERRNO(wait_for(wait_bits, 0, 1000000000));
  SAY_ERRNO(wait_for(wait_bits, -1, 0));
  SAY_ERRNO(wait_until(wait_bits, CLOCK_MONOTONIC, 10));
  SAY_ERRNO(wait_until(wait_bits, CLOCK_MONOTONIC, -10));
  SAY_ERRNO(wait_until(wait_bits | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME, 10));
  SAY_ERRNO(wait_until(wait_bits | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME, -10));
  SAY_ERRNO(wait_for(wait | FUTEX_CLOCK_REALTIME, 0, 1000000));
  const struct timespec bad = {0, -1}; /* without need to wait */
  SAY_ERRNO(futex(&word, wait, 1, &bad, NULL, 0));
  SAY_ERRNO(futex(&zero, wait, 1, NULL, NULL, 0));
}

static void use_wakes(int private) {
  printf("-- wakes, %s\n", private ? "private" : "shared");
  SAY_ERRNO(futex(&word, FUTEX_WAKE | private, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAKE | private, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAKE | private, INT32_MAX, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAKE | private | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAKE_BITSET | private, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAKE_BITSET | private, 1, NULL, NULL, 4));
  SAY_ERRNO(futex(&word, FUTEX_REQUEUE | private, 1, (void*)1, &word2, 0));
  SAY_ERRNO(futex(&word, FUTEX_REQUEUE | private, (uint32_t)-1, (void*)1, &word2, 0));
  SAY_ERRNO(futex(&word, FUTEX_REQUEUE | private, 1, (void*)-1, &word2, 0));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE | private, 1, (void*)1, &word2, 0));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE | private, 1, (void*)1, &word2, 1));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE | private, (uint32_t)-1, (void*)1, &word2, 1));
  SAY_ERRNO(futex(&word, 2 | private, 1, NULL, NULL, 0)); /* FUTEX_FD */
  SAY_ERRNO(futex(&word, 14 | private, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, 127 & ~128, 1, NULL, NULL, 0));
}

/* Every operation and comparison on some values: what the word becomes, and whether it is allowed.
 */
static void use_wake_op(void) {
  const uint32_t values[] = {0, 5, 0xffffffff, 0x7fffffff, 0x80000000, 0xfffff800};
  const unsigned operands[] = {0, 1, 5, 31, 0x7ff, 0x800, 0xfff};
  puts("-- WAKE_OP");
  for (unsigned op = 0; op < 16; op++)
    for (unsigned i = 0; i < sizeof operands / sizeof *operands; i++) {
      if ((op & 8) != 0 && operands[i] > 31) continue; /* a shift by that is a warning in the log */
      printf("operation %u, operand 0x%x:", op, operands[i]);
      for (unsigned j = 0; j < sizeof values / sizeof *values; j++) {
        word2 = values[j];
        const long result =
            futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void*)1, &word2, op << 28 | operands[i] << 12);
        printf(" 0x%x (%s)", word2, result == -1 ? error_name(errno) : "0");
      }
      puts("");
    }
  for (unsigned comparison = 0; comparison < 8; comparison++) {
    errno = 0;
    const long result = futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void*)1, &word2, comparison << 24);
    printf("comparison %u: %ld, %s\n", comparison, result, error_name(errno));
  }
  word = word2 = 0;
}

static long lock_pi_for(int op, clockid_t clock, long ms) {
  const struct timespec t = in_ms(clock, ms);
  return futex(&word, op, 0, &t, NULL, 0);
}

static void* finds_pi_locked(void* unused) {
  SAY_ERRNO(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  SAY_ERRNO(lock_pi_for(FUTEX_LOCK_PI_PRIVATE, CLOCK_REALTIME, 10));
  SAY_ERRNO(lock_pi_for(FUTEX_LOCK_PI2_PRIVATE, CLOCK_MONOTONIC, 10));
  SAY_ERRNO(lock_pi_for(FUTEX_LOCK_PI2_PRIVATE | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME, 10));
  SAY_ERRNO(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  SAY_NUMBER((word & FUTEX_WAITERS) != 0);
  return unused;
}

static void* use_pi(void* unused) {
  SAY_ERRNO(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  SAY_NUMBER((word & FUTEX_TID_MASK) == (uint32_t)gettid());
  SAY_ERRNO(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  in_other_thread(finds_pi_locked, NULL);
  SAY_ERRNO(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  SAY_NUMBER(word);
  SAY_ERRNO(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  word = 1U << 29; /* a thread that does not exist */
  SAY_ERRNO(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  word = 0;
  SAY_ERRNO(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 1, NULL, &word2, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &word, 0));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void*)1, &word2, 0));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, (void*)1, &word2, 0));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void*)1, &word2, 7));
  return unused;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  use_wakes(0);
  use_wakes(FUTEX_PRIVATE_FLAG);
  use_wake_op();
  puts("-- priority inheritance, main thread");
  use_pi(NULL);
  puts("-- priority inheritance, another thread");
  in_other_thread(use_pi, NULL);
  use_waits(0);
  use_waits(FUTEX_PRIVATE_FLAG);
  return 0;
}
