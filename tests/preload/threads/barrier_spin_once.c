/* Barriers, spin locks and what is to run once: errors, counts, contention. */
#include <pthread.h>
#include <threads.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 8, kRounds = 2000, kSpins = 2000 };

static void use_barrier_arguments(void) {
  pthread_barrier_t b;
  pthread_barrierattr_t a;
  int shared = -1;
  SAY(pthread_barrier_init(&b, NULL, 0));
  SAY(pthread_barrier_init(&b, NULL, 1U << 31));
  SAY(pthread_barrier_init(&b, NULL, (1U << 30)));
  SAY(pthread_barrier_destroy(&b));
  SAY(pthread_barrierattr_init(&a));
  SAY(pthread_barrierattr_getpshared(&a, &shared));
  SAY_NUMBER(shared);
  SAY(pthread_barrierattr_setpshared(&a, 2));
  SAY(pthread_barrierattr_setpshared(&a, -1));
  for (int i = 0; i < 2; i++) {
    SAY(pthread_barrierattr_setpshared(&a, i));
    SAY(pthread_barrierattr_getpshared(&a, &shared));
    SAY_NUMBER(shared);
    SAY(pthread_barrier_init(&b, &a, 1));
    for (int j = 0; j < 3; j++) SAY_NUMBER(pthread_barrier_wait(&b));
    SAY(pthread_barrier_destroy(&b));
  }
  SAY(pthread_barrierattr_destroy(&a));
}

static pthread_barrier_t barrier;
static long serial_threads, arrived, too_early;

/* Between two rounds all have arrived, and exactly one was told that it is the serial thread. */
static void* passes(void* unused) {
  for (long i = 1; i <= kRounds; i++) {
    __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
    const int result = pthread_barrier_wait(&barrier);
    if (result == PTHREAD_BARRIER_SERIAL_THREAD)
      __atomic_fetch_add(&serial_threads, 1, __ATOMIC_SEQ_CST);
    else if (result != 0)
      abort();
    if (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < i * kThreads)
      __atomic_fetch_add(&too_early, 1, __ATOMIC_SEQ_CST);
  }
  return unused;
}

static pthread_barrier_t* gone[kRounds / 10];

/* The serial thread destroys and frees each barrier while others may just be waking. */
static void* passes_and_destroys(void* unused) {
  for (int i = 0; i < kRounds / 10; i++) {
    pthread_barrier_t* const mine = gone[i];
    if (pthread_barrier_wait(mine) != PTHREAD_BARRIER_SERIAL_THREAD) continue;
    if (pthread_barrier_destroy(mine) != 0) abort();
    memset(mine, 0xff, sizeof *mine);
    free(mine);
    serial_threads++;
  }
  return unused;
}

static void run(void* (*body)(void*)) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; i++) threads[i] = start(body, NULL);
  for (int i = 0; i < kThreads; i++) finish(threads[i]);
}

static void use_barrier(void) {
  SAY(pthread_barrier_init(&barrier, NULL, kThreads));
  run(passes);
  SAY_NUMBER(serial_threads);
  SAY_NUMBER(too_early);
  SAY(pthread_barrier_destroy(&barrier));
  serial_threads = 0;
  for (int i = 0; i < kRounds / 10; i++) {
    gone[i] = malloc(sizeof *gone[i]);
    pthread_barrier_init(gone[i], NULL, kThreads);
  }
  run(passes_and_destroys);
  SAY_NUMBER(serial_threads);
}

static pthread_spinlock_t spin;
static long spun;

static void* spins(void* unused) {
  for (int i = 0; i < kSpins; i++) {
    pthread_spin_lock(&spin);
    const long seen = spun;
    if (i % 100 == 0) usleep(1);
    spun = seen + 1;
    pthread_spin_unlock(&spin);
  }
  return unused;
}

static void* tries(void* unused) {
  SAY(pthread_spin_trylock(&spin));
  return unused;
}

static void use_spin(void) {
  for (int shared = 0; shared < 2; shared++) {
    spun = 0;
    SAY(pthread_spin_init(&spin, shared));
    SAY(pthread_spin_lock(&spin));
    SAY(pthread_spin_trylock(&spin));
    in_other_thread(tries, NULL);
    SAY(pthread_spin_unlock(&spin));
    in_other_thread(tries, NULL);
    SAY(pthread_spin_trylock(&spin));
    SAY(pthread_spin_unlock(&spin));
    run(spins);
    SAY_NUMBER(spun);
    SAY(pthread_spin_destroy(&spin));
  }
}

static pthread_once_t outer = PTHREAD_ONCE_INIT;
static pthread_once_t inner = PTHREAD_ONCE_INIT;
static pthread_once_t retried = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;
static int outers, inners, flags, attempts, unready;

static void init_inner(void) {
  usleep(5000);
  __atomic_fetch_add(&inners, 1, __ATOMIC_SEQ_CST);
}

static void init_outer(void) {
  pthread_once(&inner, init_inner);
  usleep(5000);
  __atomic_fetch_add(&outers, 1, __ATOMIC_SEQ_CST);
}

static void init_flag(void) {
  usleep(5000);
  __atomic_fetch_add(&flags, 1, __ATOMIC_SEQ_CST);
}

static void* calls_once(void* unused) {
  if (pthread_once(&outer, init_outer) != 0) abort();
  if (__atomic_load_n(&outers, __ATOMIC_SEQ_CST) != 1 ||
      __atomic_load_n(&inners, __ATOMIC_SEQ_CST) != 1)
    __atomic_fetch_add(&unready, 1, __ATOMIC_SEQ_CST);
  pthread_once(&inner, init_inner);
  call_once(&flag, init_flag);
  if (__atomic_load_n(&flags, __ATOMIC_SEQ_CST) != 1)
    __atomic_fetch_add(&unready, 1, __ATOMIC_SEQ_CST);
  return unused;
}

/* The first attempt ends by pthread_exit: the next caller begins again. */
static void init_second_time(void) {
  if (__atomic_fetch_add(&attempts, 1, __ATOMIC_SEQ_CST) == 0) {
    usleep(5000);
    pthread_exit(NULL);
  }
}

static void* calls_retried(void* unused) {
  pthread_once(&retried, init_second_time);
  return unused;
}

static void use_once(void) {
  run(calls_once);
  printf("outer %d, inner %d, flag %d, not ready %d\n", outers, inners, flags, unready);
  run(calls_retried);
  SAY_NUMBER(attempts);
  calls_retried(NULL);
  SAY_NUMBER(attempts);
}

int main(void) {
  use_barrier_arguments();
  use_barrier();
  use_spin();
  use_once();
  return 0;
}
