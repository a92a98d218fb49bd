/* A thread makes system calls by the instruction itself, which no library sees: each stops it only.
 * The others go on, and what it read and the errors that it got are right. */
#include <stdatomic.h>
#include <sys/syscall.h>

#include "check.h"

static atomic_int ticks;
static atomic_int stop;
static int pipe_ends[2];

static long inline_call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

static void* calls_inline(void* unused) {
  const struct timespec length = {0, 300000000};
  char text[8] = "";
  const double before = seconds_now();
  errno = 77;
  CHECK(pthread_setname_np(pthread_self(), "inline") == 0);
  CHECK(inline_call(SYS_nanosleep, (long)&length, 0, 0) == 0);
  CHECK(seconds_now() - before >= 0.3);
  CHECK(inline_call(SYS_read, -1, (long)text, sizeof text) == -EBADF);
  CHECK(inline_call(SYS_read, pipe_ends[0], (long)text, sizeof text) == 2);
  CHECK(memcmp(text, "hi", 2) == 0);
  CHECK(errno == 77);
  return unused;
}

static void* ticks_on(void* unused) {
  while (!atomic_load(&stop)) {
    nap_ms(1);
    atomic_fetch_add(&ticks, 1);
  }
  return unused;
}

int main(void) {
  alarm(30);
  CHECK(pipe(pipe_ends) == 0);
  const pthread_t ticker = start(ticks_on, NULL);
  const pthread_t caller = start(calls_inline, NULL);
  /* While it sleeps, and then waits for what only this thread writes. */
  while (atomic_load(&ticks) < 400) nap_ms(1);
  CHECK(write(pipe_ends[1], "hi", 2) == 2);
  join(caller);
  atomic_store(&stop, 1);
  join(ticker);
  puts("fine");
  return 0;
}
