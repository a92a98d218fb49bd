// Two threads that each hold the mutex which the other wants, and one that reads an empty pipe.
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct side {
  pthread_mutex_t* first;
  pthread_mutex_t* second;
};
static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t right = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;
static int ends[2];

static void* lock_both(void* argument) {
  struct side* side = argument;
  pthread_mutex_lock(side->first);
  pthread_barrier_wait(&both_hold_one);
  pthread_mutex_lock(side->second);
  return NULL;
}

static void* read_nothing(void* argument) {
  char byte;
  return read(ends[0], &byte, 1) < 0 ? argument : NULL;
}

int main(void) {
  /* As a server that root has started: whoever dumps it has more rights than itself. */
  if (geteuid() == 0 && setuid(65534) != 0) return 1;
  struct side one = {&left, &right};
  struct side other = {&right, &left};
  pthread_t threads[3];
  pthread_barrier_init(&both_hold_one, NULL, 2);
  if (pipe(ends) != 0) {
    return 1;
  }
  pthread_create(&threads[0], NULL, lock_both, &one);
  pthread_create(&threads[1], NULL, lock_both, &other);
  pthread_create(&threads[2], NULL, read_nothing, NULL);
  puts("started");
  fflush(stdout);
  pthread_join(threads[0], NULL);
  return 0;
}
