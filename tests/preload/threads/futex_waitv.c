/* futex_waitv(2) by syscall(2): waits for any of several words. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum { kWords = 4, kSize32 = 2, kPrivate = FUTEX_PRIVATE_FLAG };

struct one { /* struct futex_waitv, of Linux 5.16 */
  uint64_t value, address;
  uint32_t flags, reserved;
};

static uint32_t words[kWords];
static struct one waiters[kWords];

static void reset(uint32_t flags) {
  for (int i = 0; i < kWords; i++)
    waiters[i] = (struct one){0, (uint64_t)(uintptr_t)&words[i], flags, 0};
}

static long waitv(unsigned count, unsigned flags, long ms, clockid_t clock) {
  const struct timespec until = in_ms(clock, ms);
  return syscall(SYS_futex_waitv, waiters, count, flags, &until, clock);
}

static void* waits(void* unused) {
  SAY_ERRNO(waitv(kWords, 0, 5000, CLOCK_MONOTONIC));
  return unused;
}

static void be_woken(int index, int private) {
  const pthread_t thread = start(waits, NULL);
  long woken = 0;
  while (woken == 0) {
    usleep(1000);
    woken = syscall(SYS_futex, &words[index], FUTEX_WAKE | private, 1, NULL, NULL, 0);
  }
  finish(thread);
  printf("woken at %d: %ld\n", index, woken);
}

int main(void) {
  for (int private = 0; private < 2; private ++) {
    const uint32_t flags = kSize32 | (private ? kPrivate : 0);
    printf("-- %s\n", private ? "private" : "shared");
    reset(flags);
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_MONOTONIC));
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_REALTIME));
    SAY_ERRNO(waitv(kWords, 0, -10, CLOCK_MONOTONIC));
    SAY_ERRNO(waitv(0, 0, 10, CLOCK_MONOTONIC));
    SAY_ERRNO(waitv(129, 0, 10, CLOCK_MONOTONIC));
    SAY_ERRNO(waitv(kWords, 1, 10, CLOCK_MONOTONIC));
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_BOOTTIME));
    for (int i = 0; i < kWords; i++) be_woken(i, private ? kPrivate : 0);
    waiters[2].value = 1;
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_MONOTONIC));
    SAY_ERRNO(waitv(2, 0, 10, CLOCK_MONOTONIC));
    reset(flags);
    waiters[1].reserved = 1;
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_MONOTONIC));
    reset(flags);
    waiters[3].flags = 0xff00;
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_MONOTONIC));
    reset(flags);
    waiters[3].address++;
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_MONOTONIC));
    waiters[3].address = 4096;
    SAY_ERRNO(waitv(kWords, 0, 10, CLOCK_MONOTONIC));
  }
  return 0;
}
