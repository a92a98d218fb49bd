/* cancel_async.c: asynchronous cancellation acts at once, wherever the thread is. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"

static int no_data[2];
static sem_t started;
static sem_t never;
static pthread_t forever;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static volatile unsigned long counter;

static void handler(void* name) { printf("  handler of %s\n", (const char*)name); }

static void computes(void) {
  for (;;) counter++;
}

static void locks(void) { pthread_mutex_lock(&mutex); }
static void writes_lock(void) { pthread_rwlock_wrlock(&rwlock); }
static void joins(void) { pthread_join(forever, NULL); }
static void waits(void) { sem_wait(&never); }
static void reads(void) { (void)!read(no_data[0], &(char){0}, 1); }
static void sleeps(void) { sleep(1000); }
static void meets(void) { pthread_barrier_wait(&barrier); }

static void* is_asynchronous(void* call) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "outer");
  pthread_cleanup_push(handler, (void*)(uintptr_t) "middle");
  pthread_cleanup_push(handler, (void*)(uintptr_t) "inner");
  sem_post(&started);
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  ((void (*)(void))(uintptr_t)call)();
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return NULL;
}

static void cancel_in(void (*call)(void)) {
  pthread_t thread;
  void* result = NULL;
  const long start = now_ms(CLOCK_MONOTONIC);
  if (pthread_create(&thread, NULL, is_asynchronous, (void*)(uintptr_t)call) != 0) abort();
  sem_wait(&started);
  usleep(20000);
  const int error = pthread_cancel(thread);
  const struct timespec until = in_ms(CLOCK_REALTIME, 2000);
  SAY(pthread_timedjoin_np(thread, &result, &until));
  SAY(error);
  SAY_NUMBER(result == PTHREAD_CANCELED);
  SAY_NUMBER(now_ms(CLOCK_MONOTONIC) - start < 1000);
}

static void* becomes_asynchronous(void* unused) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "a change of type");
  SAY(pthread_cancel(pthread_self()));
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  puts("not reached");
  pthread_cleanup_pop(0);
  return unused;
}

static void* becomes_enabled(void* unused) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "a change of state");
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  SAY(pthread_cancel(pthread_self()));
  puts("still here");
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  puts("not reached");
  pthread_cleanup_pop(0);
  return unused;
}

static void* computes_deferred(void* unused) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "computes, deferred");
  sem_post(&started);
  const long start = now_ms(CLOCK_MONOTONIC);
  while (now_ms(CLOCK_MONOTONIC) < start + 100) counter++;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  puts("computed to the end");
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  pthread_testcancel();
  pthread_cleanup_pop(0);
  return unused;
}

static void* waits_forever(void* unused) {
  for (;;) pause();
  return unused;
}

static void run(void* (*body)(void*)) {
  pthread_t thread;
  void* result = NULL;
  if (pthread_create(&thread, NULL, body, NULL) != 0) abort();
  if (body == computes_deferred) {
    sem_wait(&started);
    SAY(pthread_cancel(thread));
  }
  SAY(pthread_join(thread, &result));
  SAY_NUMBER(result == PTHREAD_CANCELED);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(30);
  if (pipe(no_data) != 0) return 1;
  sem_init(&started, 0, 0);
  sem_init(&never, 0, 0);
  pthread_mutex_lock(&mutex);
  pthread_rwlock_rdlock(&rwlock);
  pthread_barrier_init(&barrier, NULL, 2);
  pthread_create(&forever, NULL, waits_forever, NULL);
  run(becomes_asynchronous);
  run(becomes_enabled);
  run(computes_deferred);
  cancel_in(reads);
  cancel_in(sleeps);
  cancel_in(waits);
  cancel_in(joins);
  cancel_in(locks);
  cancel_in(writes_lock);
  cancel_in(meets);
  cancel_in(computes);
  return 0;
}
