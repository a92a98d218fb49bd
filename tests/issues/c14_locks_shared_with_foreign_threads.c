/* A mutex, a condition and a semaphore, shared by the program's threads and by those that libc
 * makes for timers and asynchronous I/O: a million operations, and no wake-up is lost. */
#include <semaphore.h>
#include <signal.h>

#include "check.h"

enum { kThreads = 8, kForeign = 4, kOperations = 1000000 / (kThreads + kForeign) / 3 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static sem_t tokens;
static sem_t ended;
static long counter;
static int stored;

/* Even ones produce and odd ones consume: each has to be woken by the others. */
static void operate(int me) {
  for (int i = 0; i < kOperations; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
    CHECK(sem_wait(&tokens) == 0);
    CHECK(sem_post(&tokens) == 0);
    pthread_mutex_lock(&mutex);
    if (me % 2 == 0) {
      while (stored == 3) pthread_cond_wait(&not_full, &mutex);
      stored++;
      pthread_cond_signal(&not_empty);
    } else {
      while (stored == 0) pthread_cond_wait(&not_empty, &mutex);
      stored--;
      pthread_cond_signal(&not_full);
    }
    pthread_mutex_unlock(&mutex);
  }
  sem_post(&ended);
}

static void* in_thread(void* me) {
  operate((int)(long)me);
  return NULL;
}

static void in_timer(union sigval me) { operate(me.sival_int); }

int main(void) {
  pthread_t threads[kThreads];
  alarm(60);
  sem_init(&tokens, 0, 3);
  sem_init(&ended, 0, 0);
  for (int i = 0; i < kForeign; i++) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD};
    const struct itimerspec soon = {.it_value = {0, 1000000}};
    event.sigev_value.sival_int = i;
    event.sigev_notify_function = in_timer;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
  }
  for (long i = 0; i < kThreads; i++) threads[i] = start(in_thread, (void*)i);
  for (int i = 0; i < kThreads; i++) join(threads[i]);
  for (int i = 0; i < kThreads + kForeign; i++) CHECK(sem_wait(&ended) == 0);
  CHECK(counter == (long)(kThreads + kForeign) * kOperations);
  CHECK(stored == 0);
  return 0;
}
