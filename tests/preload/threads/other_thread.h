/* other_thread.h: runs a function in another thread, to its end or next to the caller. */
#ifndef WEFT_TESTS_OTHER_THREAD_H
#define WEFT_TESTS_OTHER_THREAD_H
#include <pthread.h>
#include <stdlib.h>

static inline pthread_t start(void* (*body)(void*), void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, argument) != 0) abort();
  return thread;
}

static inline void* finish(pthread_t thread) {
  void* result = NULL;
  if (pthread_join(thread, &result) != 0) abort();
  return result;
}

static inline void in_other_thread(void* (*body)(void*), void* argument) {
  finish(start(body, argument));
}

#endif
