/* Semaphores, unnamed and named: values, errors, time limits, and waits that a handler meets. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static sem_t* s;

static int value(void) {
  int found = -1;
  return sem_getvalue(s, &found) == 0 ? found : -1;
}

static int timed_for(long ms) {
  const struct timespec until = in_ms(CLOCK_REALTIME, ms);
  return sem_timedwait(s, &until);
}

static int clock_for(clockid_t clock, long ms) {
  const struct timespec until = in_ms(clock, ms);
  return sem_clockwait(s, clock, &until);
}

static int timed_until(long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return sem_timedwait(s, &until);
}

static int clock_until(clockid_t clock, long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return sem_clockwait(s, clock, &until);
}

static void* posts(void* unused) {
  usleep(5000);
  SAY_ERRNO(sem_post(s));
  return unused;
}

static void wait_at_zero(void) {
  SAY_NUMBER(value());
  SAY_ERRNO(sem_trywait(s));
  SAY_ERRNO(timed_for(10));
  SAY_ERRNO(timed_for(-10));
  SAY_ERRNO(timed_until(0, 0));
  SAY_ERRNO(timed_until(-1, 0));
  SAY_ERRNO(timed_until(1L << 40, -1));
  SAY_ERRNO(timed_until(1L << 40, 1000000000));
  SAY_ERRNO(clock_for(CLOCK_MONOTONIC, 10));
  SAY_ERRNO(clock_for(CLOCK_REALTIME, 10));
  SAY_ERRNO(clock_for(CLOCK_MONOTONIC, -10));
  SAY_ERRNO(clock_until(CLOCK_MONOTONIC, 0, -1));
  SAY_ERRNO(clock_until(CLOCK_BOOTTIME, 0, 0));
  SAY_ERRNO(clock_until(-1, 0, 0));
  SAY_NUMBER(value());
}

static void use(void) {
  wait_at_zero();
  in_other_thread(posts, NULL);
  in_other_thread(posts, NULL);
  SAY_NUMBER(value());
  SAY_ERRNO(sem_wait(s));
  SAY_ERRNO(sem_trywait(s));
  /* Not a time, or not a clock, with and without need to wait. */
  SAY_ERRNO(sem_post(s));
  SAY_ERRNO(timed_until(0, -1));
  SAY_NUMBER(value());
  while (sem_trywait(s) == 0) continue;
  SAY_ERRNO(sem_post(s));
  SAY_ERRNO(clock_until(CLOCK_BOOTTIME, 1, 0));
  SAY_NUMBER(value());
  while (sem_trywait(s) == 0) continue;
  SAY_ERRNO(sem_post(s));
  SAY_ERRNO(clock_until(CLOCK_MONOTONIC, 1, 1000000000));
  SAY_NUMBER(value());
  while (sem_trywait(s) == 0) continue;
  for (int i = 0; i < 3; i++) {
    const pthread_t thread = start(posts, NULL);
    const int error = i == 0   ? sem_wait(s)
                      : i == 1 ? timed_for(5000)
                               : clock_for(CLOCK_MONOTONIC, 5000);
    finish(thread);
    SAY_NUMBER(error);
  }
  SAY_NUMBER(value());
}

static void use_limits(int shared) {
  sem_t semaphore;
  s = &semaphore;
  SAY_ERRNO(sem_init(s, shared, (unsigned)SEM_VALUE_MAX + 1));
  SAY_ERRNO(sem_init(s, shared, SEM_VALUE_MAX));
  SAY_NUMBER(value() == SEM_VALUE_MAX);
  SAY_ERRNO(sem_post(s));
  SAY_ERRNO(sem_wait(s));
  SAY_ERRNO(sem_post(s));
  SAY_NUMBER(value() == SEM_VALUE_MAX);
  SAY_ERRNO(sem_destroy(s));
  SAY_ERRNO(sem_init(s, shared, 0));
  use();
  SAY_ERRNO(sem_destroy(s));
}

static void use_named(void) {
  char name[64], other[64], long_name[NAME_MAX + 2];
  snprintf(name, sizeof name, "/weft-test-%d", (int)getpid());
  snprintf(other, sizeof other, "weft-test-%d", (int)getpid());
  memset(long_name, 'x', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = 0;
  SAY_NUMBER(sem_open(name, 0) == SEM_FAILED ? errno : 0);
  SAY_NUMBER(sem_open(name, O_CREAT, 0600, (unsigned)SEM_VALUE_MAX + 1) == SEM_FAILED ? errno : 0);
  SAY_NUMBER(sem_open("", O_CREAT, 0600, 0) == SEM_FAILED ? errno : 0);
  SAY_NUMBER(sem_open("/", O_CREAT, 0600, 0) == SEM_FAILED ? errno : 0);
  SAY_NUMBER(sem_open("/a/b", O_CREAT, 0600, 0) == SEM_FAILED ? errno : 0);
  SAY_NUMBER(sem_open(long_name, O_CREAT, 0600, 0) == SEM_FAILED ? errno : 0);
  s = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
  if (s == SEM_FAILED) return;
  SAY_NUMBER(sem_open(name, O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED ? errno : 0);
  sem_t* const same = sem_open(other, 0); /* with and without the slash it is one name */
  SAY_NUMBER(same == s);
  SAY_ERRNO(sem_close(same));
  use();
  SAY_ERRNO(sem_unlink(name));
  SAY_ERRNO(sem_unlink(name));
  SAY_ERRNO(sem_unlink(""));
  SAY_ERRNO(sem_unlink("/a/b"));
  SAY_NUMBER(sem_open(name, 0) == SEM_FAILED ? errno : 0);
  SAY_ERRNO(sem_post(s)); /* lives on until closed */
  SAY_ERRNO(sem_wait(s));
  SAY_ERRNO(sem_close(s));
  sem_t* const unknown = s;
  SAY_ERRNO(sem_close(unknown));
}

int main(void) {
  puts("-- private");
  use_limits(0);
  puts("-- shared");
  use_limits(1);
  puts("-- named");
  use_named();
  return 0;
}
