/* cancel_point.h: cancels a thread that blocks in a call, or one that is about to make it. */
#ifndef WEFT_TESTS_CANCEL_POINT_H
#define WEFT_TESTS_CANCEL_POINT_H
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"

struct point {
  const char* name;
  void (*call)(void);
};

#define POINT(name) \
  { #name, in_##name }
#define COUNT(array) (sizeof(array) / sizeof *(array))

static sem_t started;

static inline void say_name(void* name) { printf("  handler of %s\n", (const char*)name); }

static inline void* blocks(void* argument) {
  const struct point* point = (const struct point*)argument;
  pthread_cleanup_push(say_name, (void*)(uintptr_t)point->name);
  sem_post(&started);
  point->call();
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  printf("  %s returned\n", point->name);
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  pthread_testcancel();
  pthread_cleanup_pop(0);
  return NULL;
}

static inline void* is_cancelled(void* argument) {
  pthread_cancel(pthread_self());
  return blocks(argument);
}

static inline void finish(pthread_t thread) {
  void* result = NULL;
  const struct timespec until = in_ms(CLOCK_REALTIME, 1000);
  const int error = pthread_timedjoin_np(thread, &result, &until);
  printf("  join: %s, %s\n", error_name(error),
         result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
}

/* Cancels it while it blocks. */
static inline void cancel_in(const struct point* point) {
  pthread_t thread;
  puts(point->name);
  if (pthread_create(&thread, NULL, blocks, (void*)(uintptr_t)point) != 0) abort();
  sem_wait(&started);
  usleep(10000);
  pthread_cancel(thread);
  finish(thread);
}

/* Cancels it before the call, which is not made: one post of `started` is left. */
static inline void cancel_before(const struct point* point) {
  pthread_t thread;
  int posts = 0;
  puts(point->name);
  if (pthread_create(&thread, NULL, is_cancelled, (void*)(uintptr_t)point) != 0) abort();
  finish(thread);
  sem_getvalue(&started, &posts);
  printf("  %d posts left\n", posts);
  while (sem_trywait(&started) == 0) continue;
}

static inline void cancel_all(const struct point* blocking, size_t n, const struct point* quick,
                              size_t m) {
  puts("--- cancelled while it blocks");
  for (size_t i = 0; i < n; i++) cancel_in(&blocking[i]);
  puts("--- cancelled before a call that blocks");
  for (size_t i = 0; i < n; i++) cancel_before(&blocking[i]);
  puts("--- cancelled before a call that need not block");
  for (size_t i = 0; i < m; i++) cancel_before(&quick[i]);
}

#endif
