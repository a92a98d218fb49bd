/* join_errors.c: waiting for a thread's end and detaching it, with right and wrong arguments. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"

static sem_t go;
static sem_t ready;
static pthread_t main_thread;
static pthread_t first;
static pthread_t second;

static const struct timespec long_ago = {1, 0};
static const struct timespec too_many_ns = {1, 1000000000};

static void* returns(void* argument) { return argument; }
static void* exits(void* argument) { pthread_exit(argument); }

static void* waits(void* argument) {
  sem_post(&ready);
  sem_wait(&go);
  return argument;
}

static pthread_t start(void* (*body)(void*), void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, argument) != 0) abort();
  return thread;
}

static void results(void) {
  void* result = NULL;
  pthread_t thread = start(returns, (void*)17);
  SAY(pthread_join(thread, &result));
  SAY_NUMBER(result);
  thread = start(exits, (void*)-18);
  SAY(pthread_join(thread, &result));
  SAY_NUMBER(result);
  thread = start(returns, NULL);
  SAY(pthread_join(thread, NULL));
  thread = start(waits, NULL);
  sem_wait(&ready);
  SAY(pthread_cancel(thread));
  SAY(pthread_join(thread, &result));
  SAY_NUMBER(result == PTHREAD_CANCELED);
}

static void of_self(void) {
  const struct timespec soon = in_ms(CLOCK_REALTIME, 20);
  const struct timespec soon_monotonic = in_ms(CLOCK_MONOTONIC, 20);
  void* result = (void*)5;
  SAY(pthread_join(pthread_self(), &result));
  SAY(pthread_tryjoin_np(pthread_self(), &result));
  SAY(pthread_timedjoin_np(pthread_self(), &result, &soon));
  SAY(pthread_clockjoin_np(pthread_self(), &result, CLOCK_MONOTONIC, &soon_monotonic));
  SAY_NUMBER(result);
  SAY_NUMBER(pthread_equal(pthread_self(), pthread_self()) != 0);
  SAY_NUMBER(pthread_equal(pthread_self(), main_thread) != 0);
}

static void* of_self_in_thread(void* unused) {
  of_self();
  SAY(pthread_detach(pthread_self()));
  SAY(pthread_detach(pthread_self()));
  SAY(pthread_join(pthread_self(), NULL));
  sem_post(&ready);
  return unused;
}

static void of_running(void) {
  void* result = (void*)5;
  pthread_t thread = start(waits, (void*)23);
  struct timespec soon;
  sem_wait(&ready);
  SAY(pthread_tryjoin_np(thread, &result));
  SAY(pthread_timedjoin_np(thread, &result, &long_ago));
  SAY(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &long_ago));
  SAY(pthread_clockjoin_np(thread, &result, CLOCK_REALTIME, &long_ago));
  soon = in_ms(CLOCK_REALTIME, 20);
  SAY(pthread_timedjoin_np(thread, &result, &soon));
  SAY_NUMBER(now_ms(CLOCK_REALTIME) >= soon.tv_sec * 1000 + soon.tv_nsec / 1000000);
  soon = in_ms(CLOCK_MONOTONIC, 20);
  SAY(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &soon));
  SAY_NUMBER(result);
  sem_post(&go);
  SAY(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, NULL));
  SAY_NUMBER(result);
}

/* glibc looks at the moment only if it has to wait: one that is past or wrong does not matter if
 * the thread has ended. */
static void of_ended(void) {
  void* result = NULL;
  int error;
  pthread_t thread = start(returns, (void*)31);
  while ((error = pthread_tryjoin_np(thread, &result)) == EBUSY) usleep(1000);
  SAY(error);
  SAY_NUMBER(result);
  thread = start(returns, (void*)32);
  usleep(50000);
  SAY(pthread_timedjoin_np(thread, &result, &long_ago));
  SAY_NUMBER(result);
  thread = start(returns, (void*)33);
  usleep(50000);
  SAY(pthread_timedjoin_np(thread, &result, &too_many_ns));
  SAY_NUMBER(result);
  thread = start(returns, (void*)34);
  usleep(50000);
  SAY(pthread_clockjoin_np(thread, &result, -1, &long_ago));
  SAY_NUMBER(result);
  thread = start(returns, (void*)35);
  usleep(50000);
  SAY(pthread_timedjoin_np(thread, &result, NULL));
  SAY_NUMBER(result);
  thread = start(returns, NULL);
  usleep(50000);
  SAY(pthread_cancel(thread));
  SAY(pthread_kill(thread, 0));
  SAY(pthread_detach(thread));
}

static void* joins_second(void* unused) {
  void* result = NULL;
  SAY(pthread_join(second, &result));
  SAY_NUMBER(result);
  return unused;
}

/* A joiner that gives up, or is cancelled, leaves the thread to the next joiner. */
static void cancelled_joiner(void) {
  void* result = NULL;
  second = start(waits, (void*)43);
  sem_wait(&ready);
  first = start(joins_second, NULL);
  usleep(20000);
  SAY(pthread_cancel(first));
  SAY(pthread_join(first, &result));
  SAY_NUMBER(result == PTHREAD_CANCELED);
  sem_post(&go);
  SAY(pthread_join(second, &result));
  SAY_NUMBER(result);
}

static void detached(void) {
  void* result = (void*)5;
  pthread_t thread = start(waits, NULL);
  pthread_attr_t attributes;
  sem_wait(&ready);
  SAY(pthread_detach(thread));
  SAY(pthread_detach(thread));
  SAY(pthread_join(thread, &result));
  SAY(pthread_tryjoin_np(thread, &result));
  SAY(pthread_timedjoin_np(thread, &result, &long_ago));
  SAY(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &too_many_ns));
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  SAY(pthread_create(&thread, &attributes, waits, NULL));
  pthread_attr_destroy(&attributes);
  sem_wait(&ready);
  SAY(pthread_join(thread, &result));
  SAY(pthread_tryjoin_np(thread, &result));
  SAY(pthread_detach(thread));
  SAY_NUMBER(result);
  sem_post(&go); /* both: one for each, so that neither ends before */
  sem_post(&go);
}

/* Meanwhile the main thread waits for this one. */
static void* joins_main(void* unused) {
  usleep(20000);
  SAY(pthread_timedjoin_np(main_thread, NULL, &long_ago));
  SAY(pthread_tryjoin_np(main_thread, NULL));
  return unused;
}

int main(void) {
  pthread_t thread;
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  main_thread = pthread_self();
  sem_init(&go, 0, 0);
  sem_init(&ready, 0, 0);
  results();
  of_self();
  thread = start(of_self_in_thread, NULL);
  sem_wait(&ready);
  of_running();
  of_ended();
  cancelled_joiner();
  detached();
  thread = start(joins_main, NULL);
  SAY(pthread_join(thread, NULL));
  thread = start(waits, NULL);
  SAY_NUMBER(pthread_equal(thread, main_thread) != 0);
  sem_post(&go);
  SAY(pthread_join(thread, NULL));
  return 0;
}
