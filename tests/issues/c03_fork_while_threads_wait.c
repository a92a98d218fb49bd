/* A child of fork makes locks and threads of its own, while the parent's threads wait for a mutex
 * and for a condition, which go on undisturbed. */
#include <semaphore.h>

#include "check.h"

enum { kWaiters = 50, kChildren = 20 };

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int go;
static int waiting;

static void* waits_for_mutex(void* unused) {
  pthread_mutex_lock(&held);
  pthread_mutex_unlock(&held);
  return unused;
}

static void* waits_for_condition(void* unused) {
  pthread_mutex_lock(&mutex);
  waiting++;
  while (!go) pthread_cond_wait(&condition, &mutex);
  pthread_mutex_unlock(&mutex);
  return unused;
}

struct own {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  sem_t semaphore;
  int turn;
};

static void* signals(void* argument) {
  struct own* own = argument;
  pthread_mutex_lock(&own->mutex);
  own->turn = 1;
  pthread_cond_signal(&own->condition);
  pthread_mutex_unlock(&own->mutex);
  sem_post(&own->semaphore);
  return NULL;
}

static void in_child(void) {
  struct own own = {.turn = 0};
  alarm(5);
  CHECK(pthread_mutex_init(&own.mutex, NULL) == 0);
  CHECK(pthread_cond_init(&own.condition, NULL) == 0);
  CHECK(sem_init(&own.semaphore, 0, 0) == 0);
  CHECK(pthread_mutex_lock(&own.mutex) == 0);
  const pthread_t thread = start(signals, &own);
  while (!own.turn) CHECK(pthread_cond_wait(&own.condition, &own.mutex) == 0);
  CHECK(pthread_mutex_unlock(&own.mutex) == 0);
  CHECK(sem_wait(&own.semaphore) == 0);
  join(thread);
  CHECK(pthread_mutex_destroy(&own.mutex) == 0);
  CHECK(pthread_cond_destroy(&own.condition) == 0);
  CHECK(sem_destroy(&own.semaphore) == 0);
  CHECK(pthread_mutex_trylock(&held) == EBUSY);
  CHECK(pthread_mutex_unlock(&held) == 0); /* the forking thread holds it, here too */
  _exit(0);
}

int main(void) {
  pthread_t threads[2 * kWaiters];
  alarm(20);
  pthread_mutex_lock(&held);
  for (int i = 0; i < kWaiters; i++) {
    threads[2 * i] = start(waits_for_mutex, NULL);
    threads[2 * i + 1] = start(waits_for_condition, NULL);
  }
  for (int all = 0; !all;) {
    pthread_mutex_lock(&mutex);
    all = waiting == kWaiters;
    pthread_mutex_unlock(&mutex);
    if (!all) nap_ms(1);
  }
  for (int i = 0; i < kChildren; i++) {
    const pid_t child = fork();
    if (child == 0) in_child();
    expect_exit(child, 0);
  }
  pthread_mutex_unlock(&held);
  pthread_mutex_lock(&mutex);
  go = 1;
  pthread_cond_broadcast(&condition);
  pthread_mutex_unlock(&mutex);
  for (int i = 0; i < 2 * kWaiters; i++) join(threads[i]);
  return 0;
}
