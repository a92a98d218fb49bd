/* specific_data.c: keys, their values and destructors, pthread_once, and C11's tss. */
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

#include "say.h"

static pthread_key_t key;
static pthread_key_t second_key;
static sem_t ready;
static sem_t go;
static int rounds;

static void* start_and_join(void* (*body)(void*), void* argument) {
  pthread_t thread;
  void* result = NULL;
  if (pthread_create(&thread, NULL, body, argument) != 0) abort();
  pthread_join(thread, &result);
  return result;
}

static void all_keys(void) {
  static pthread_key_t keys[PTHREAD_KEYS_MAX];
  int created = 0;
  pthread_key_t extra;
  while (created < PTHREAD_KEYS_MAX && pthread_key_create(&keys[created], NULL) == 0) created++;
  SAY_NUMBER(created > 1000);
  SAY(pthread_key_create(&extra, NULL));
  SAY(pthread_setspecific(keys[created - 1], &extra));
  SAY_NUMBER(pthread_getspecific(keys[created - 1]) == &extra);
  SAY(pthread_key_delete(keys[created - 1]));
  SAY(pthread_key_delete(keys[created - 1]));
  SAY(pthread_setspecific(keys[created - 1], &extra));
  SAY_NUMBER(pthread_getspecific(keys[created - 1]) == NULL);
  SAY(pthread_key_create(&extra, NULL));
  SAY_NUMBER(extra == keys[created - 1]);
  SAY_NUMBER(pthread_getspecific(extra) == NULL);
  SAY(pthread_key_delete(extra));
  for (int i = 0; i < created - 1; i++)
    if (pthread_key_delete(keys[i]) != 0) puts("a key was not deleted");
}

static void wrong_keys(void) {
  SAY(pthread_key_delete(PTHREAD_KEYS_MAX));
  SAY(pthread_key_delete((pthread_key_t)-1));
  SAY(pthread_setspecific(PTHREAD_KEYS_MAX, &key));
  SAY(pthread_setspecific((pthread_key_t)-1, &key));
  SAY_NUMBER(pthread_getspecific(PTHREAD_KEYS_MAX) == NULL);
  SAY_NUMBER(pthread_getspecific((pthread_key_t)-1) == NULL);
}

static void destroy(void* value) {
  printf("  destructor of %s, value now %s\n", (const char*)value,
         pthread_getspecific(key) == NULL ? "null" : "set");
}

static void set_again(void* value) {
  printf("  round %d\n", ++rounds);
  pthread_setspecific(key, value);
}

/* The first round sets the other key, whose destructor runs in the second. */
static void set_other(void* value) {
  printf("  destructor of %s sets another\n", (const char*)value);
  pthread_setspecific(second_key, (void*)(uintptr_t) "the other key");
}

static void* sets(void* value) {
  SAY_NUMBER(pthread_getspecific(key) == NULL);
  SAY(pthread_setspecific(key, value));
  usleep(1000);
  SAY_NUMBER(pthread_getspecific(key) == value);
  return NULL;
}

static void* sets_and_clears(void* value) {
  pthread_setspecific(key, value);
  pthread_setspecific(key, NULL);
  return NULL;
}

static void* sets_and_exits(void* value) {
  pthread_setspecific(key, value);
  pthread_exit(NULL);
}

static void* sets_and_is_cancelled(void* value) {
  pthread_setspecific(key, value);
  pthread_cancel(pthread_self());
  pthread_testcancel();
  return NULL;
}

static void destroy_slowly(void* value) {
  usleep(20000);
  sem_post(value);
}

/* What a destructor does has been done when join returns. */
static void before_join(void) {
  SAY(pthread_key_create(&key, destroy_slowly));
  start_and_join(sets, &ready);
  SAY_ERRNO(sem_trywait(&ready));
  SAY(pthread_key_delete(key));
}

static void* sets_and_waits(void* value) {
  pthread_setspecific(key, value);
  sem_post(&ready);
  sem_wait(&go);
  SAY_NUMBER(pthread_getspecific(key) == NULL);
  return NULL;
}

/* A key deleted while a thread has a value: no destructor, and null for the next key. */
static void deleted_early(void) {
  pthread_t thread;
  pthread_key_create(&key, destroy);
  pthread_create(&thread, NULL, sets_and_waits, (void*)(uintptr_t) "a deleted key");
  sem_wait(&ready);
  SAY(pthread_key_delete(key));
  SAY(pthread_key_create(&key, destroy));
  sem_post(&go);
  SAY(pthread_join(thread, NULL));
  SAY(pthread_key_delete(key));
}

static void destructors(void) {
  char own[] = "main's value";
  SAY(pthread_key_create(&key, destroy));
  SAY(pthread_setspecific(key, own));
  start_and_join(sets, (void*)(uintptr_t) "a returning thread");
  start_and_join(sets_and_clears, (void*)(uintptr_t) "nothing");
  start_and_join(sets_and_exits, (void*)(uintptr_t) "an exiting thread");
  start_and_join(sets_and_is_cancelled, (void*)(uintptr_t) "a cancelled thread");
  SAY_NUMBER(pthread_getspecific(key) == own);
  SAY(pthread_key_delete(key));
  SAY(pthread_key_create(&key, set_again));
  start_and_join(sets, (void*)(uintptr_t) "x");
  SAY_NUMBER(rounds == PTHREAD_DESTRUCTOR_ITERATIONS);
  SAY(pthread_key_delete(key));
  SAY(pthread_key_create(&key, set_other));
  SAY(pthread_key_create(&second_key, destroy));
  start_and_join(sets, (void*)(uintptr_t) "a value");
  SAY(pthread_key_delete(key));
  SAY(pthread_key_delete(second_key));
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int attempts;

static void first_attempt_waits(void) {
  printf("  attempt %d\n", ++attempts);
  if (attempts > 1) return;
  sem_post(&ready);
  for (;;) sleep(1000);
}

static void first_attempt_exits(void) {
  printf("  attempt %d\n", ++attempts);
  if (attempts == 1) pthread_exit(NULL);
}

static void* calls_once(void* init) {
  SAY(pthread_once(&once, (void (*)(void))(uintptr_t)init));
  return NULL;
}

/* One caller is cancelled, or exits, in the function: the waiting one runs it. */
static void once_again(void) {
  pthread_t first;
  pthread_t second;
  pthread_create(&first, NULL, calls_once, (void*)(uintptr_t)first_attempt_waits);
  sem_wait(&ready);
  pthread_create(&second, NULL, calls_once, (void*)(uintptr_t)first_attempt_waits);
  usleep(10000);
  pthread_cancel(first);
  pthread_join(first, NULL);
  pthread_join(second, NULL);
  calls_once((void*)(uintptr_t)first_attempt_waits);
  SAY_NUMBER(attempts);
  attempts = 0;
  once = (pthread_once_t)PTHREAD_ONCE_INIT;
  start_and_join(calls_once, (void*)(uintptr_t)first_attempt_exits);
  start_and_join(calls_once, (void*)(uintptr_t)first_attempt_exits);
  SAY_NUMBER(attempts);
}

static tss_t slot;

static int uses_slot(void* value) {
  SAY_NUMBER(tss_get(slot) == NULL);
  SAY_NUMBER(tss_set(slot, value) == thrd_success);
  thrd_yield();
  SAY_NUMBER(tss_get(slot) == value);
  return 3;
}

static void of_c11(void) {
  thrd_t thread;
  int result = 0;
  SAY_NUMBER(tss_create(&slot, destroy) == thrd_success);
  SAY_NUMBER(tss_set(slot, &slot) == thrd_success);
  if (thrd_create(&thread, uses_slot, (void*)(uintptr_t) "a tss") != thrd_success) abort();
  SAY_NUMBER(thrd_join(thread, &result) == thrd_success);
  SAY_NUMBER(result);
  SAY_NUMBER(tss_get(slot) == &slot);
  tss_delete(slot);
  SAY_NUMBER(tss_get(slot) == NULL);
  SAY_NUMBER(tss_set(slot, &slot) == thrd_error);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  sem_init(&ready, 0, 0);
  sem_init(&go, 0, 0);
  all_keys();
  wrong_keys();
  destructors();
  before_join();
  deleted_early();
  once_again();
  of_c11();
  return 0;
}
