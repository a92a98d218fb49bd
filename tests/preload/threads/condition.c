/* Conditions: what waits return and leave behind, whom a signal and a broadcast wake, attributes.
 */
#include <pthread.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 20 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

static int timed_for(pthread_mutex_t* mutex, long ms) {
  const struct timespec until = in_ms(CLOCK_REALTIME, ms);
  return pthread_cond_timedwait(&c, mutex, &until);
}

static int clock_for(pthread_mutex_t* mutex, clockid_t clock, long ms) {
  const struct timespec until = in_ms(clock, ms);
  return pthread_cond_clockwait(&c, mutex, clock, &until);
}

static int timed_until(pthread_mutex_t* mutex, long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return pthread_cond_timedwait(&c, mutex, &until);
}

static int clock_until(clockid_t clock, long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return pthread_cond_clockwait(&c, &checking, clock, &until);
}

static void say_attributes(const pthread_condattr_t* a) {
  clockid_t clock = -1;
  int shared = -1;
  SAY(pthread_condattr_getclock(a, &clock));
  SAY(pthread_condattr_getpshared(a, &shared));
  printf("clock %d, shared %d\n", (int)clock, shared);
}

static void use_attributes(void) {
  pthread_condattr_t a;
  SAY(pthread_condattr_init(&a));
  say_attributes(&a);
  SAY(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID));
  SAY(pthread_condattr_setclock(&a, CLOCK_BOOTTIME));
  SAY(pthread_condattr_setclock(&a, -1));
  SAY(pthread_condattr_setpshared(&a, 2));
  SAY(pthread_condattr_setpshared(&a, -1));
  say_attributes(&a);
  SAY(pthread_condattr_setclock(&a, CLOCK_MONOTONIC));
  SAY(pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
  say_attributes(&a);
  /* The clock is that of timedwait. */
  for (int shared = 0; shared < 2; shared++) {
    pthread_cond_t timed;
    SAY(pthread_condattr_setpshared(&a, shared));
    SAY(pthread_cond_init(&timed, &a));
    const struct timespec until = in_ms(CLOCK_MONOTONIC, 20);
    pthread_mutex_lock(&m);
    SAY(pthread_cond_timedwait(&timed, &m, &until));
    SAY_NUMBER(now_ms(CLOCK_MONOTONIC) >= until.tv_sec * 1000 + until.tv_nsec / 1000000);
    const struct timespec real = in_ms(CLOCK_REALTIME, 20);
    SAY(pthread_cond_clockwait(&timed, &m, CLOCK_REALTIME, &real));
    SAY_NUMBER(now_ms(CLOCK_REALTIME) >= real.tv_sec * 1000 + real.tv_nsec / 1000000);
    SAY(pthread_mutex_unlock(&m));
    SAY(pthread_cond_destroy(&timed));
  }
  SAY(pthread_condattr_destroy(&a));
}

static void use_errors(void) {
  SAY(timed_for(&checking, 10)); /* not locked */
  SAY(timed_for(&recursive, 10));
  SAY(pthread_cond_wait(&c, &checking));
  SAY(pthread_cond_wait(&c, &recursive));
  SAY(timed_until(&checking, 0, -1));
  SAY(clock_until(CLOCK_BOOTTIME, 0, 0));
  SAY(clock_until(CLOCK_MONOTONIC, 0, 0));
  pthread_mutex_lock(&checking);
  SAY(timed_until(&checking, 1, -1));
  SAY(timed_until(&checking, 1, 1000000000));
  SAY(timed_until(&checking, 1L << 40, 1000000000));
  SAY(timed_until(&checking, 0, 0));
  SAY(timed_until(&checking, -1, 0));
  SAY(clock_until(CLOCK_REALTIME, 1, -1));
  SAY(clock_until(CLOCK_MONOTONIC, 1, 1000000000));
  SAY(clock_until(CLOCK_MONOTONIC, 0, 0));
  SAY(clock_until(CLOCK_MONOTONIC, -1, 0));
  SAY(clock_until(CLOCK_BOOTTIME, 1, 0));
  SAY(clock_until(CLOCK_PROCESS_CPUTIME_ID, 1, 0));
  SAY(clock_until(-1, 1, 0));
  SAY(timed_for(&checking, -10));
  SAY(timed_for(&checking, 10));
  SAY(clock_for(&checking, CLOCK_REALTIME, 10));
  SAY(clock_for(&checking, CLOCK_MONOTONIC, 10));
  /* After each of these it is locked, and once. */
  SAY(pthread_mutex_trylock(&checking));
  SAY(pthread_mutex_unlock(&checking));
  SAY(pthread_mutex_unlock(&checking));
  SAY(pthread_cond_signal(&c));
  SAY(pthread_cond_broadcast(&c));
}

static void* holds(void* unused) {
  SAY(pthread_mutex_lock(&checking));
  return unused;
}

static void use_mutex_of_other_thread(void) {
  in_other_thread(holds, NULL);
  SAY(timed_for(&checking, 10));
  SAY(pthread_cond_wait(&c, &checking));
}

static void* takes_recursive(void* unused) {
  SAY(pthread_mutex_trylock(&recursive));
  return unused;
}

static void* takes_when_free(void* unused) {
  if (pthread_mutex_lock(&recursive) != 0) abort();
  if (pthread_cond_signal(&c) != 0) abort();
  if (pthread_mutex_unlock(&recursive) != 0) abort();
  return unused;
}

static void use_recursive(void) {
  pthread_mutex_lock(&recursive);
  const pthread_t thread = start(takes_when_free, NULL);
  SAY(timed_for(&recursive, 5000));
  finish(thread);
  in_other_thread(takes_recursive, NULL);
  pthread_mutex_lock(&recursive); /* twice: a wait releases it once only */
  SAY(timed_for(&recursive, 10));
  int unlocks = 0;
  while (pthread_mutex_unlock(&recursive) == 0) unlocks++;
  SAY_NUMBER(unlocks);
}

static int waiting, tickets, woken;

static void* waits_for_ticket(void* unused) {
  pthread_mutex_lock(&m);
  waiting++;
  while (tickets == 0) pthread_cond_wait(&c, &m);
  tickets--;
  woken++;
  pthread_mutex_unlock(&m);
  return unused;
}

static int wait_until(const int* number, int value) {
  for (;;) {
    pthread_mutex_lock(&m);
    const int seen = *number;
    pthread_mutex_unlock(&m);
    if (seen == value) return seen;
    usleep(100);
  }
}

static void wake_threads(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; i++) threads[i] = start(waits_for_ticket, NULL);
  SAY_NUMBER(wait_until(&waiting, kThreads));
  for (int i = 1; i <= 5; i++) { /* each signal wakes one at least, with the mutex held or not */
    pthread_mutex_lock(&m);
    tickets++;
    if (i % 2) pthread_cond_signal(&c);
    pthread_mutex_unlock(&m);
    if (i % 2 == 0) pthread_cond_signal(&c);
    SAY_NUMBER(wait_until(&woken, i));
  }
  pthread_mutex_lock(&m);
  tickets = kThreads - 5;
  SAY(pthread_cond_broadcast(&c));
  pthread_mutex_unlock(&m);
  /* Those who were woken need not have left yet: destroy waits for them. */
  SAY(pthread_cond_destroy(&c));
  memset(&c, 0xff, sizeof c);
  for (int i = 0; i < kThreads; i++) finish(threads[i]);
  SAY_NUMBER(woken);
  SAY(pthread_cond_init(&c, NULL));
}

int main(void) {
  use_attributes();
  use_errors();
  use_recursive();
  wake_threads();
  SAY(timed_until(&checking, 0, 0));
  use_mutex_of_other_thread();
  SAY(pthread_cond_destroy(&c));
  return 0;
}
