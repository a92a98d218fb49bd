/* Mutexes of each kind, made by pthread_mutex_init and by an initialiser: what the owner, another
 * thread and destroy get. */
#include <pthread.h>

#include "other_thread.h"
#include "say.h"

static pthread_mutex_t* m;

static int locked_for(clockid_t clock, long ms) {
  const struct timespec until = in_ms(clock, ms);
  return pthread_mutex_clocklock(m, clock, &until);
}

static int timed_for(long ms) {
  const struct timespec until = in_ms(CLOCK_REALTIME, ms);
  return pthread_mutex_timedlock(m, &until);
}

static int timed_until(long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return pthread_mutex_timedlock(m, &until);
}

static int clock_until(clockid_t clock, long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return pthread_mutex_clocklock(m, clock, &until);
}

static void* finds_it_locked(void* unused) {
  puts("  another thread");
  SAY(pthread_mutex_trylock(m));
  SAY(timed_for(10));
  SAY(timed_for(-10));
  SAY(timed_until(0, 0));
  SAY(timed_until(-1, 0));
  SAY(timed_until(1L << 40, -1));
  SAY(timed_until(1L << 40, 1000000000));
  SAY(locked_for(CLOCK_REALTIME, 10));
  SAY(locked_for(CLOCK_MONOTONIC, 10));
  SAY(locked_for(CLOCK_MONOTONIC, -10));
  SAY(clock_until(CLOCK_MONOTONIC, 1L << 40, 1000000000));
  SAY(clock_until(CLOCK_BOOTTIME, 1, 0));
  SAY(clock_until(CLOCK_PROCESS_CPUTIME_ID, 1, 0));
  SAY(clock_until(-1, 1, 0));
  SAY(clock_until(99, 1, 0));
  return unused;
}

static void* is_not_owner(void* unused) {
  SAY(pthread_mutex_unlock(m));
  return unused;
}

static void* takes_and_leaves(void* unused) {
  SAY(pthread_mutex_lock(m));
  SAY(pthread_mutex_unlock(m));
  SAY(timed_for(1000));
  SAY(pthread_mutex_unlock(m));
  SAY(pthread_mutex_trylock(m));
  SAY(pthread_mutex_unlock(m));
  return unused;
}

static void* dies_with_it(void* unused) {
  SAY(pthread_mutex_lock(m));
  return unused;
}

static void use(const char* name, int kind) {
  const int checks = kind == PTHREAD_MUTEX_RECURSIVE || kind == PTHREAD_MUTEX_ERRORCHECK;
  printf("-- %s\n", name);
  if (checks) SAY(pthread_mutex_unlock(m));
  /* Not a time, and not a clock, but no need to wait. */
  SAY(timed_until(1, -1));
  SAY(pthread_mutex_unlock(m));
  SAY(clock_until(CLOCK_MONOTONIC, 1, 1000000000));
  SAY(pthread_mutex_unlock(m));
  SAY(clock_until(CLOCK_BOOTTIME, 1, 0));
  SAY(pthread_mutex_trylock(m));
  SAY(pthread_mutex_trylock(m));
  SAY(timed_for(20));
  SAY(timed_until(0, -1));
  SAY(locked_for(CLOCK_MONOTONIC, 20));
  SAY(clock_until(CLOCK_MONOTONIC, 0, 1000000000));
  SAY(clock_until(99, 0, 0));
  if (checks) SAY(pthread_mutex_lock(m));
  in_other_thread(finds_it_locked, NULL);
  in_other_thread(is_not_owner, NULL); /* a normal mutex lets itself be unlocked by anybody */
  if (!checks) SAY(pthread_mutex_trylock(m));
  SAY(pthread_mutex_getprioceiling(m, &(int){0}));
  SAY(pthread_mutex_setprioceiling(m, 1, NULL));
  SAY(pthread_mutex_consistent(m));
  SAY(pthread_mutex_destroy(m));
  int unlocks = 0;
  if (!checks) unlocks = pthread_mutex_unlock(m) == 0;
  while (checks && pthread_mutex_unlock(m) == 0) unlocks++;
  SAY_NUMBER(unlocks);
  in_other_thread(takes_and_leaves, NULL);
  in_other_thread(dies_with_it, NULL);
  SAY(pthread_mutex_trylock(m));
  SAY(timed_for(5));
  if (checks) SAY(pthread_mutex_unlock(m));
  SAY(pthread_mutex_destroy(m));
}

static void use_initialised(const char* name, int kind) {
  pthread_mutex_t mutex;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  SAY(pthread_mutexattr_settype(&attributes, kind));
  SAY(pthread_mutex_init(&mutex, &attributes));
  SAY(pthread_mutexattr_destroy(&attributes));
  m = &mutex;
  use(name, kind);
  /* In a fresh one nobody died. */
  SAY(pthread_mutex_init(&mutex, NULL));
  SAY(pthread_mutex_lock(&mutex));
  SAY(pthread_mutex_unlock(&mutex));
  SAY(pthread_mutex_destroy(&mutex));
}

static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;

int main(void) {
  use_initialised("normal", PTHREAD_MUTEX_NORMAL);
  use_initialised("recursive", PTHREAD_MUTEX_RECURSIVE);
  use_initialised("errorcheck", PTHREAD_MUTEX_ERRORCHECK);
  use_initialised("adaptive", PTHREAD_MUTEX_ADAPTIVE_NP);
  m = &normal;
  use("static normal", PTHREAD_MUTEX_NORMAL);
  m = &recursive;
  use("static recursive", PTHREAD_MUTEX_RECURSIVE);
  m = &checking;
  use("static errorcheck", PTHREAD_MUTEX_ERRORCHECK);
  m = &adaptive;
  use("static adaptive", PTHREAD_MUTEX_ADAPTIVE_NP);
  return 0;
}
