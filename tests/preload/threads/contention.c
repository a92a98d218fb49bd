/* A million operations of one primitive by four threads that want it at once.
 *
 *   contention MODE      a line of kModes; prints counts that any correct run has
 */
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 4, kEach = 250000, kPairs = 2, kOnces = kEach };

static pthread_mutex_t m;
static pthread_cond_t conditions[2];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphores[kPairs][2];
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static pthread_once_t onces[kOnces];
static mtx_t mtx;
static cnd_t cnd;
static uint32_t word;
static long count, other, wrong, serial;
static int queue[16], queued;

/* Lets another thread find it locked now and then. */
static void linger(int round) {
  if (round % 256 == 0) sched_yield();
}

static void* counts_under_mutex(void* unused) {
  for (int i = 0; i < kEach; i++) {
    if (pthread_mutex_lock(&m) != 0) abort();
    linger(i);
    count++;
    if (pthread_mutex_unlock(&m) != 0) abort();
  }
  return unused;
}

/* Even threads put numbers into a queue, odd ones take them out. */
static void* goes_through_queue(void* number) {
  const int puts_in = (intptr_t)number % 2 == 0;
  for (int i = 0; i < kEach; i++) {
    pthread_mutex_lock(&m);
    while (puts_in ? queued == 16 : queued == 0) pthread_cond_wait(&conditions[puts_in], &m);
    if (puts_in) queue[queued++] = i;
    if (!puts_in) other += queue[--queued];
    count++;
    pthread_cond_signal(&conditions[!puts_in]);
    pthread_mutex_unlock(&m);
  }
  return NULL;
}

/* All wait for their turn at one condition. */
static void* takes_turns(void* number) {
  for (int i = 0; i < kEach / 10; i++) {
    pthread_mutex_lock(&m);
    while (count % kThreads != (intptr_t)number) pthread_cond_wait(&conditions[0], &m);
    count++;
    pthread_cond_broadcast(&conditions[0]);
    pthread_mutex_unlock(&m);
  }
  return NULL;
}

static void* reads_and_writes(void* number) {
  for (int i = 0; i < kEach; i++) {
    const int writes = (i + (intptr_t)number) % 16 == 0;
    writes ? pthread_rwlock_wrlock(&rwlock) : pthread_rwlock_rdlock(&rwlock);
    if (count != other) __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
    count += writes;
    linger(i);
    other += writes;
    pthread_rwlock_unlock(&rwlock);
  }
  return NULL;
}

static void* answers(void* number) {
  const intptr_t pair = (intptr_t)number / 2, side = (intptr_t)number % 2;
  for (int i = 0; i < kEach; i++) {
    sem_wait(&semaphores[pair][side]);
    __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
    sem_post(&semaphores[pair][!side]);
  }
  return NULL;
}

static void* passes(void* unused) {
  for (int i = 0; i < kEach; i++)
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
      __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED);
  return unused;
}

static void* spins(void* unused) {
  for (int i = 0; i < kEach; i++) {
    pthread_spin_lock(&spin);
    linger(i);
    count++;
    pthread_spin_unlock(&spin);
  }
  return unused;
}

static void init(void) { __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED); }

static void* calls_onces(void* unused) {
  for (int i = 0; i < kOnces; i++) {
    pthread_once(&onces[i], init);
    if (__atomic_load_n(&count, __ATOMIC_SEQ_CST) < i + 1) wrong++;
  }
  return unused;
}

/* 0 free, 1 locked, 2 locked and waited for. */
static void* counts_under_futex(void* unused) {
  for (int i = 0; i < kEach; i++) {
    uint32_t seen = 0;
    if (!__atomic_compare_exchange_n(&word, &seen, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
      while (__atomic_exchange_n(&word, 2, __ATOMIC_SEQ_CST) != 0)
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    linger(i);
    count++;
    if (__atomic_exchange_n(&word, 0, __ATOMIC_SEQ_CST) == 2)
      syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
  return unused;
}

/* Now and then it waits for its turn. */
static void* takes_turns_in_c11(void* number) {
  for (int i = 0; i < kEach; i++) {
    mtx_lock(&mtx);
    other++;
    if (i % 10 == 0) {
      while (count % kThreads != (intptr_t)number) cnd_wait(&cnd, &mtx);
      count++;
      cnd_broadcast(&cnd);
    }
    mtx_unlock(&mtx);
  }
  return NULL;
}

/* A mutex whose kind or protocol is the value. */
static void make_mutex(int type, int shared, int robust, int protocol) {
  pthread_mutexattr_t a;
  pthread_mutexattr_init(&a);
  pthread_mutexattr_settype(&a, type);
  pthread_mutexattr_setpshared(&a, shared);
  pthread_mutexattr_setrobust(&a, robust);
  pthread_mutexattr_setprotocol(&a, protocol);
  pthread_mutex_init(&m, &a);
}

static const struct {
  const char* name;
  void* (*body)(void*);
  int type, shared, robust, protocol; /* of the mutex */
} kModes[] = {
    {"normal", counts_under_mutex, PTHREAD_MUTEX_NORMAL, 0, 0, 0},
    {"recursive", counts_under_mutex, PTHREAD_MUTEX_RECURSIVE, 0, 0, 0},
    {"errorcheck", counts_under_mutex, PTHREAD_MUTEX_ERRORCHECK, 0, 0, 0},
    {"adaptive", counts_under_mutex, PTHREAD_MUTEX_ADAPTIVE_NP, 0, 0, 0},
    {"shared", counts_under_mutex, PTHREAD_MUTEX_NORMAL, 1, 0, 0},
    {"robust", counts_under_mutex, PTHREAD_MUTEX_NORMAL, 0, 1, 0},
    {"inherit", counts_under_mutex, PTHREAD_MUTEX_NORMAL, 0, 0, PTHREAD_PRIO_INHERIT},
    {"queue", goes_through_queue, PTHREAD_MUTEX_NORMAL, 0, 0, 0},
    {"turns", takes_turns, PTHREAD_MUTEX_NORMAL, 0, 0, 0},
    {"rwlock", reads_and_writes, 0, 0, 0, 0},
    {"semaphore", answers, 0, 0, 0, 0},
    {"barrier", passes, 0, 0, 0, 0},
    {"spin", spins, 0, 0, 0, 0},
    {"once", calls_onces, 0, 0, 0, 0},
    {"futex", counts_under_futex, 0, 0, 0, 0},
    {"c11", takes_turns_in_c11, 0, 0, 0, 0},
};

static void run(void* (*body)(void*)) {
  pthread_t threads[kThreads];
  for (intptr_t i = 0; i < kThreads; i++) threads[i] = start(body, (void*)i);
  for (int i = 0; i < kThreads; i++) finish(threads[i]);
  printf("count %ld, other %ld, wrong %ld, serial %ld\n", count, other, wrong, serial);
}

int main(int arguments_count, char** arguments) {
  for (int i = 0; i < 2; i++) pthread_cond_init(&conditions[i], NULL);
  for (int i = 0; i < kPairs * 2; i++) sem_init(&semaphores[i / 2][i % 2], 0, i % 2 == 0);
  pthread_barrier_init(&barrier, NULL, kThreads);
  pthread_spin_init(&spin, 0);
  mtx_init(&mtx, mtx_plain);
  cnd_init(&cnd);
  for (size_t i = 0; arguments_count == 2 && i < sizeof kModes / sizeof *kModes; i++)
    if (strcmp(arguments[1], kModes[i].name) == 0) {
      make_mutex(kModes[i].type, kModes[i].shared, kModes[i].robust, kModes[i].protocol);
      run(kModes[i].body);
      return 0;
    }
  return 1;
}
