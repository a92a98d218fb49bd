/* Locks that a library's constructor has taken before main are the same ones in main and threads.
 */
#include "check.h"

extern pthread_mutex_t c13_plain;
extern pthread_mutex_t c13_recursive;
extern pthread_cond_t c13_condition;

static int turn;

static void* tries(void* expected) {
  const int error = *(int*)expected;
  CHECK(pthread_mutex_trylock(&c13_plain) == error);
  CHECK(pthread_mutex_trylock(&c13_recursive) == error);
  if (error == 0) {
    pthread_mutex_unlock(&c13_plain);
    pthread_mutex_unlock(&c13_recursive);
  }
  return NULL;
}

static void* waits(void* unused) {
  CHECK(pthread_mutex_lock(&c13_recursive) == 0);
  CHECK(pthread_mutex_unlock(&c13_recursive) == 0);
  CHECK(pthread_mutex_lock(&c13_plain) == 0); /* held since before main */
  turn = 1;
  CHECK(pthread_cond_signal(&c13_condition) == 0);
  CHECK(pthread_mutex_unlock(&c13_plain) == 0);
  return unused;
}

int main(void) {
  int busy = EBUSY;
  int free_now = 0;
  alarm(10);
  CHECK(pthread_mutex_trylock(&c13_plain) == EBUSY);
  CHECK(pthread_mutex_trylock(&c13_recursive) == 0); /* main's thread is its owner */
  join(start(tries, &busy));
  const pthread_t waiter = start(waits, NULL);
  for (int i = 0; i < 3; i++) CHECK(pthread_mutex_unlock(&c13_recursive) == 0);
  CHECK(pthread_mutex_unlock(&c13_recursive) == EPERM);
  while (!turn) CHECK(pthread_cond_wait(&c13_condition, &c13_plain) == 0);
  CHECK(pthread_mutex_unlock(&c13_plain) == 0);
  join(waiter);
  join(start(tries, &free_now));
  return 0;
}
