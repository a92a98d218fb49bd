/* Destructors of thread-specific data, clean-up handlers and signal handlers use the lock that
 * their thread is just about to take or to give back. */
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "check.h"

enum { kThreads = 20, kRounds = 100 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static long counter;
static sem_t posted;
static atomic_int stop;

static void destroys(void* value) {
  pthread_mutex_lock(&mutex);
  counter++;
  usleep(10);
  pthread_mutex_unlock(&mutex);
  free(value);
}

static void unlocks(void* unused) {
  (void)unused;
  pthread_mutex_unlock(&mutex);
}

static void* leaves_with_lock(void* unused) {
  pthread_setspecific(key, malloc(8));
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlocks, NULL);
  counter++;
  pthread_exit(unused);
  pthread_cleanup_pop(0);
}

static void on_signal(int signal) {
  const int error = errno;
  (void)signal;
  if (pthread_mutex_trylock(&mutex) == 0) pthread_mutex_unlock(&mutex);
  sem_post(&posted);
  errno = error;
}

static void* locks_all_the_time(void* unused) {
  while (!atomic_load(&stop)) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
  }
  return unused;
}

int main(void) {
  pthread_t threads[kThreads];
  alarm(20);
  sem_init(&posted, 0, 0);
  CHECK(pthread_key_create(&key, destroys) == 0);
  for (int i = 0; i < kThreads; i++) threads[i] = start(leaves_with_lock, NULL);
  for (int i = 0; i < kThreads; i++) join(threads[i]);
  CHECK(counter == 2 * kThreads);
  signal(SIGUSR1, on_signal);
  for (int i = 0; i < 3; i++) threads[i] = start(locks_all_the_time, NULL);
  for (int i = 0; i < kRounds; i++) {
    for (int t = 0; t < 3; t++) CHECK(pthread_kill(threads[t], SIGUSR1) == 0);
    while (sem_wait(&posted) != 0) continue;
  }
  atomic_store(&stop, 1);
  for (int i = 0; i < 3; i++) join(threads[i]);
  CHECK(pthread_mutex_trylock(&mutex) == 0);
  return 0;
}
