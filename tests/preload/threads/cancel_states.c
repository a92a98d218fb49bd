/* cancel_states.c: cancelability states and types, calls that are no cancellation points though
 * they block, and cancelling threads that are cancelled, detached or over. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"

static sem_t started;
static sem_t go;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void handler(void* name) { printf("  handler of %s\n", (const char*)name); }

static void join(pthread_t thread) {
  void* result = NULL;
  SAY(pthread_join(thread, &result));
  SAY_NUMBER(result == PTHREAD_CANCELED);
}

static void settings(void) {
  int old = -1;
  SAY(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
  SAY_NUMBER(old == PTHREAD_CANCEL_ENABLE);
  SAY(pthread_setcancelstate(2, &old));
  SAY(pthread_setcancelstate(-1, &old));
  SAY(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old));
  SAY_NUMBER(old == PTHREAD_CANCEL_DISABLE);
  SAY(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old));
  SAY_NUMBER(old == PTHREAD_CANCEL_DEFERRED);
  SAY(pthread_setcanceltype(5, &old));
  SAY(pthread_setcanceltype(-1, &old));
  SAY(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old));
  SAY_NUMBER(old == PTHREAD_CANCEL_ASYNCHRONOUS);
  SAY(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL));
  SAY(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL));
}

static void* settings_in_thread(void* unused) {
  settings();
  return unused;
}

static void do_nothing(void) {}
static void slow_init(void) { sem_wait(&go); }
static void in_lock(void) { SAY(pthread_mutex_lock(&mutex)); }
static void in_rdlock(void) { SAY(pthread_rwlock_rdlock(&rwlock)); }
static void in_wrlock(void) { SAY(pthread_rwlock_wrlock(&rwlock)); }
static void in_barrier(void) { SAY_NUMBER(pthread_barrier_wait(&barrier) <= 0); }
static void in_once(void) { SAY(pthread_once(&once, do_nothing)); }
static void in_spin(void) { SAY(pthread_spin_lock(&spin)); }

static void in_timedlock(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  SAY(pthread_mutex_timedlock(&mutex, &until));
}

static void in_timedwrlock(void) {
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000000);
  SAY(pthread_rwlock_timedwrlock(&rwlock, &until));
}

static void unlock_mutex(void) { pthread_mutex_unlock(&mutex); }
static void unlock_rwlock(void) { pthread_rwlock_unlock(&rwlock); }
static void unlock_spin(void) { pthread_spin_unlock(&spin); }
static void finish_once(void) { sem_post(&go); }

static void* is_no_point(void* call) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "a call that is no point");
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  sem_post(&started);
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  ((void (*)(void))(uintptr_t)call)();
  pthread_testcancel();
  puts("not reached");
  pthread_cleanup_pop(0);
  return NULL;
}

/* Cancelled while `call` blocks; `release` lets it return. */
static void blocked_in(void (*call)(void), void (*release)(void)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, is_no_point, (void*)(uintptr_t)call) != 0) abort();
  sem_wait(&started);
  usleep(10000);
  SAY(pthread_cancel(thread));
  usleep(10000);
  release();
  join(thread);
}

static void join_barrier(void) { pthread_barrier_wait(&barrier); }

static void* runs_once(void* unused) {
  pthread_once(&once, slow_init);
  return unused;
}

static void no_points(void) {
  pthread_t thread;
  pthread_mutex_lock(&mutex);
  blocked_in(in_lock, unlock_mutex);
  pthread_mutex_init(&mutex, NULL); /* the ended thread holds it */
  pthread_mutex_lock(&mutex);
  blocked_in(in_timedlock, unlock_mutex);
  pthread_rwlock_wrlock(&rwlock);
  blocked_in(in_rdlock, unlock_rwlock);
  pthread_rwlock_init(&rwlock, NULL);
  pthread_rwlock_rdlock(&rwlock);
  blocked_in(in_wrlock, unlock_rwlock);
  pthread_rwlock_init(&rwlock, NULL);
  pthread_rwlock_rdlock(&rwlock);
  blocked_in(in_timedwrlock, unlock_rwlock);
  pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
  pthread_spin_lock(&spin);
  blocked_in(in_spin, unlock_spin);
  pthread_barrier_init(&barrier, NULL, 2);
  blocked_in(in_barrier, join_barrier);
  pthread_create(&thread, NULL, runs_once, NULL);
  usleep(10000);
  blocked_in(in_once, finish_once);
  pthread_join(thread, NULL);
}

static void* disabled(void* unused) {
  char byte;
  int ends[2];
  pthread_cleanup_push(handler, (void*)(uintptr_t) "disabled");
  if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) abort();
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  sem_post(&started);
  SAY_ERRNO(sem_wait(&go));
  SAY_NUMBER(read(ends[0], &byte, 1));
  SAY_ERRNO(usleep(1000));
  pthread_testcancel();
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  puts("disabled again, still here");
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  (void)!read(ends[0], &byte, 1);
  puts("not reached");
  pthread_cleanup_pop(0);
  return unused;
}

static void* waits(void* unused) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "waits");
  sem_post(&started);
  for (;;) sleep(1000);
  pthread_cleanup_pop(0);
  return unused;
}

/* While handlers run, cancelling is disabled, and a second request changes nothing. */
static void slow_handler(void* thread) {
  (void)thread;
  SAY(pthread_cancel(pthread_self()));
  SAY_ERRNO(usleep(2000));
  puts("  slow handler done");
}

static void* has_handlers(void* unused) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "outer");
  pthread_cleanup_push(slow_handler, NULL);
  pthread_cleanup_push(handler, (void*)(uintptr_t) "popped and run");
  pthread_cleanup_pop(1);
  pthread_cleanup_push(handler, (void*)(uintptr_t) "popped");
  pthread_cleanup_pop(0);
  pthread_cleanup_push(handler, (void*)(uintptr_t) "inner");
  sem_post(&started);
  for (;;) sleep(1000);
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return unused;
}

static void* exits(void* result) {
  pthread_cleanup_push(handler, (void*)(uintptr_t) "exits, outer");
  pthread_cleanup_push(handler, (void*)(uintptr_t) "exits, inner");
  pthread_exit(result);
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
}

static void* returns(void* result) { return result; }

static void ends(void) {
  pthread_t thread;
  int error;
  int again;
  void* result = NULL;
  pthread_create(&thread, NULL, disabled, NULL);
  sem_wait(&started);
  SAY(pthread_cancel(thread));
  sem_post(&go);
  join(thread);
  pthread_create(&thread, NULL, has_handlers, NULL);
  sem_wait(&started);
  usleep(10000);
  error = pthread_cancel(thread);
  again = pthread_cancel(thread);
  join(thread);
  SAY(error);
  SAY(again);
  pthread_create(&thread, NULL, exits, (void*)21);
  SAY(pthread_join(thread, &result));
  SAY_NUMBER(result);
  pthread_create(&thread, NULL, returns, (void*)23);
  usleep(20000);
  SAY(pthread_cancel(thread)); /* it is over */
  SAY(pthread_join(thread, &result));
  SAY_NUMBER(result);
  pthread_create(&thread, NULL, waits, NULL);
  sem_wait(&started);
  SAY(pthread_detach(thread));
  error = pthread_cancel(thread);
  usleep(20000);
  SAY(error);
}

/* Main's own handlers and cancellation. */
static void* cancels_main(void* thread) {
  usleep(20000);
  const int error = pthread_cancel(*(pthread_t*)thread);
  join(*(pthread_t*)thread);
  SAY(error);
  puts("the last thread returns");
  return NULL;
}

int main(void) {
  pthread_t thread;
  static pthread_t self;
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  sem_init(&started, 0, 0);
  sem_init(&go, 0, 0);
  settings();
  pthread_create(&thread, NULL, settings_in_thread, NULL);
  SAY(pthread_join(thread, NULL));
  no_points();
  ends();
  self = pthread_self();
  pthread_create(&thread, NULL, cancels_main, &self);
  pthread_cleanup_push(handler, (void*)(uintptr_t) "main");
  for (;;) sleep(1000);
  pthread_cleanup_pop(0);
}
