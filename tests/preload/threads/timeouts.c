/* Each call with a time limit, for several lengths: never early, and late by less than 20 ms. */
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kLate = 20 * 1000 * 1000, kTries = 5 };

static pthread_mutex_t mutexes[4]; /* plain, shared, robust, with inheritance: locked for ever */
static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t conditions[2]; /* private, shared */
static pthread_rwlock_t rwlocks[2];
static sem_t semaphores[2];
static mtx_t mtx;
static cnd_t cnd;
static uint32_t word;
static pthread_t endless;
static int k; /* which of these */

#define TIMED(name, clock, call)                             \
  static int name(const struct timespec* t) { return call; } \
  static const clockid_t name##_clock = clock;
#define IN_MUTEX(call) (pthread_mutex_lock(&own), result_of(call))
#define FUTEX(op, t)                                                                    \
  ((int)syscall(SYS_futex, &word, (op) | (k == 0 ? FUTEX_PRIVATE_FLAG : 0), 0, t, NULL, \
                FUTEX_BITSET_MATCH_ANY))

static int result_of(int result) {
  pthread_mutex_unlock(&own);
  return result;
}

static struct timespec length_until(clockid_t clock, const struct timespec* t) {
  struct timespec now;
  clock_gettime(clock, &now);
  const long ns = (t->tv_sec - now.tv_sec) * 1000000000 + t->tv_nsec - now.tv_nsec;
  return (struct timespec){0, ns < 0 ? 0 : ns};
}

static int futex_for(const struct timespec* t) {
  const struct timespec length = length_until(CLOCK_MONOTONIC, t);
  return FUTEX(FUTEX_WAIT, &length);
}

static int sleep_until(const struct timespec* t) {
  const struct timespec length = length_until(CLOCK_MONOTONIC, t);
  return thrd_sleep(&length, NULL);
}

static int cnd_until(const struct timespec* t) {
  mtx_lock(&mtx);
  const int result = cnd_timedwait(&cnd, &mtx, t);
  mtx_unlock(&mtx);
  return result;
}

#define R CLOCK_REALTIME
#define M CLOCK_MONOTONIC
TIMED(mutex_timed, R, pthread_mutex_timedlock(&mutexes[k], t))
TIMED(mutex_clock, M, pthread_mutex_clocklock(&mutexes[k], M, t))
TIMED(cond_timed, R, IN_MUTEX(pthread_cond_timedwait(&conditions[k], &own, t)))
TIMED(cond_clock, M, IN_MUTEX(pthread_cond_clockwait(&conditions[k], &own, M, t)))
TIMED(read_timed, R, pthread_rwlock_timedrdlock(&rwlocks[k], t))
TIMED(read_clock, M, pthread_rwlock_clockrdlock(&rwlocks[k], M, t))
TIMED(write_timed, R, pthread_rwlock_timedwrlock(&rwlocks[k], t))
TIMED(write_clock, M, pthread_rwlock_clockwrlock(&rwlocks[k], M, t))
TIMED(sem_timed, R, sem_timedwait(&semaphores[k], t))
TIMED(sem_clock, M, sem_clockwait(&semaphores[k], M, t))
TIMED(join_timed, R, pthread_timedjoin_np(endless, NULL, t))
TIMED(join_clock, M, pthread_clockjoin_np(endless, NULL, M, t))
TIMED(futex_length, M, futex_for(t))
TIMED(futex_monotonic, M, FUTEX(FUTEX_WAIT_BITSET, t))
TIMED(futex_realtime, R, FUTEX(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, t))
TIMED(mtx_timed_out, R, mtx_timedlock((mtx_t*)&mutexes[0], t))
TIMED(cnd_timed, R, cnd_until(t))
TIMED(thrd_slept, M, sleep_until(t))

static long ns_between(const struct timespec* from, const struct timespec* to) {
  return (to->tv_sec - from->tv_sec) * 1000000000 + to->tv_nsec - from->tv_nsec;
}

/* One try is enough for being too early, all tries are needed for being too late. */
static const char* judge(int (*call)(const struct timespec*), clockid_t clock, long ms,
                         int* result) {
  const char* verdict = "late";
  for (int i = 0; i < kTries && strcmp(verdict, "late") == 0; i++) {
    struct timespec end;
    const struct timespec until = in_ms(clock, ms);
    errno = 0;
    *result = call(&until);
    if (*result == -1) *result = errno;
    clock_gettime(clock, &end);
    const long late = ns_between(&until, &end);
    verdict = late < 0 ? "early" : late < kLate ? "in time" : "late";
  }
  return verdict;
}

static void use(const char* name, int (*call)(const struct timespec*), clockid_t clock, int kinds) {
  const long lengths[] = {0, 1, 20, 50};
  for (k = 0; k < kinds; k++) {
    printf("%s %d:", name, k);
    for (int i = 0; i < 4; i++) {
      int result = -1;
      const char* const verdict = judge(call, clock, lengths[i], &result);
      printf(" %ld ms %s (%d)", lengths[i], verdict, result);
    }
    puts("");
  }
}
#define USE(name, kinds) use(#name, name, name##_clock, kinds)

static void* use_all(void* unused) {
  USE(mutex_timed, 4);
  USE(mutex_clock, 3);
  USE(cond_timed, 2);
  USE(cond_clock, 2);
  USE(read_timed, 2);
  USE(read_clock, 2);
  USE(write_timed, 2);
  USE(write_clock, 2);
  USE(sem_timed, 2);
  USE(sem_clock, 2);
  USE(join_timed, 1);
  USE(join_clock, 1);
  USE(mtx_timed_out, 1);
  USE(cnd_timed, 1);
  USE(thrd_slept, 1);
  return unused;
}

/* With FUTEX_PRIVATE_FLAG and without. */
static void* use_futex(void* unused) {
  USE(futex_length, 2);
  USE(futex_monotonic, 2);
  USE(futex_realtime, 2);
  return unused;
}

static void* holds_all(void* gate) {
  pthread_mutexattr_t a;
  for (int i = 0; i < 4; i++) {
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, i == 1);
    pthread_mutexattr_setrobust(&a, i == 2);
    pthread_mutexattr_setprotocol(&a, i == 3 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
    pthread_mutex_init(&mutexes[i], &a);
    pthread_mutex_lock(&mutexes[i]);
  }
  for (int i = 0; i < 2; i++) {
    pthread_rwlockattr_t lock;
    pthread_rwlockattr_init(&lock);
    pthread_rwlockattr_setpshared(&lock, i);
    pthread_rwlock_init(&rwlocks[i], &lock);
    pthread_rwlock_wrlock(&rwlocks[i]);
  }
  pthread_barrier_wait(gate);
  for (;;) pause();
  return NULL;
}

int main(void) {
  pthread_barrier_t gate;
  pthread_barrier_init(&gate, NULL, 2);
  for (int i = 0; i < 2; i++) {
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setpshared(&a, i);
    pthread_cond_init(&conditions[i], &a);
    sem_init(&semaphores[i], i, 0);
  }
  mtx_init(&mtx, mtx_plain);
  cnd_init(&cnd);
  endless = start(holds_all, &gate);
  pthread_barrier_wait(&gate);
  puts("-- main thread");
  use_all(NULL);
  use_futex(NULL);
  puts("-- another thread");
  in_other_thread(use_all, NULL);
  in_other_thread(use_futex, NULL);
  return 0;
}
