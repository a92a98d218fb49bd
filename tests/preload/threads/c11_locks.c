/* C11's mutexes and conditions of each kind, and what POSIX's calls make of the same threads. */
#include <pthread.h>
#include <threads.h>

#include "other_thread.h"
#include "say.h"

static mtx_t m;
static cnd_t c;
static int ready, served;

static int timed_for(long ms) {
  const struct timespec until = in_ms(CLOCK_REALTIME, ms);
  return mtx_timedlock(&m, &until);
}

static int timed_until(long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return mtx_timedlock(&m, &until);
}

static int wait_for(long ms) {
  const struct timespec until = in_ms(CLOCK_REALTIME, ms);
  return cnd_timedwait(&c, &m, &until);
}

static int wait_until(long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return cnd_timedwait(&c, &m, &until);
}

static void* finds_it_locked(void* unused) {
  SAY_NUMBER(mtx_trylock(&m));
  SAY_NUMBER(timed_for(10));
  SAY_NUMBER(timed_for(-10));
  SAY_NUMBER(timed_until(0, -1));
  SAY_NUMBER(timed_until(1L << 40, 1000000000));
  return unused;
}

static void use_kind(const char* name, int kind) {
  printf("-- %s\n", name);
  SAY_NUMBER(mtx_init(&m, kind));
  SAY_NUMBER(mtx_lock(&m));
  SAY_NUMBER(mtx_trylock(&m));
  SAY_NUMBER(timed_for(10));
  in_other_thread(finds_it_locked, NULL);
  SAY_NUMBER(wait_for(10));
  SAY_NUMBER(wait_for(-10));
  SAY_NUMBER(wait_until(1, -1));
  SAY_NUMBER(wait_until(1, 1000000000));
  SAY_NUMBER(mtx_unlock(&m));
  mtx_destroy(&m);
}

static int waits_in_c11(void* unused) {
  (void)unused;
  mtx_lock(&m);
  while (ready == 0) cnd_wait(&c, &m);
  ready--;
  served++;
  mtx_unlock(&m);
  return 7;
}

static void* waits_in_posix(void* unused) { return waits_in_c11(unused) == 7 ? unused : NULL; }

/* Threads of both libraries wait; signals and a broadcast come from main. */
static void mix_threads(void) {
  enum { kEach = 5 };
  thrd_t ours[kEach];
  pthread_t theirs[kEach];
  mtx_init(&m, mtx_plain);
  for (int i = 0; i < kEach; i++) {
    SAY_NUMBER(thrd_create(&ours[i], waits_in_c11, NULL));
    theirs[i] = start(waits_in_posix, NULL);
  }
  for (int i = 0; i < kEach; i++) {
    mtx_lock(&m);
    ready++;
    cnd_signal(&c);
    mtx_unlock(&m);
  }
  mtx_lock(&m);
  ready += kEach;
  SAY_NUMBER(cnd_broadcast(&c));
  mtx_unlock(&m);
  for (int i = 0; i < kEach; i++) {
    int result = 0;
    SAY_NUMBER(thrd_join(ours[i], &result));
    SAY_NUMBER(result);
    finish(theirs[i]);
  }
  SAY_NUMBER(served);
  mtx_destroy(&m);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  SAY_NUMBER(cnd_init(&c));
  SAY_NUMBER(mtx_init(&m, 99));
  SAY_NUMBER(mtx_init(&m, -1));
  use_kind("plain", mtx_plain);
  use_kind("timed", mtx_timed);
  use_kind("plain, recursive", mtx_plain | mtx_recursive);
  use_kind("timed, recursive", mtx_timed | mtx_recursive);
  mix_threads();
  SAY_NUMBER(cnd_signal(&c));
  cnd_destroy(&c);
  return 0;
}
