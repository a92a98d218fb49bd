/* turns.c LOCK: who takes a lock again as soon as it has released it, and waits only while having
 * it, does not keep it for ever from another thread. */
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static atomic_int word; /* 0 free, 1 locked, 2 locked, and somebody may wait */

static void lock_mutex(void) { pthread_mutex_lock(&mutex); }
static void unlock_mutex(void) { pthread_mutex_unlock(&mutex); }
static void lock_recursive(void) { pthread_mutex_lock(&recursive); }
static void unlock_recursive(void) { pthread_mutex_unlock(&recursive); }
static void lock_rwlock(void) { pthread_rwlock_wrlock(&rwlock); }
static void unlock_rwlock(void) { pthread_rwlock_unlock(&rwlock); }
static void lock_semaphore(void) { sem_wait(&semaphore); }
static void unlock_semaphore(void) { sem_post(&semaphore); }
static void lock_word(void) {
  int free = 0;
  if (atomic_compare_exchange_strong(&word, &free, 1)) return;
  while (atomic_exchange(&word, 2) != 0) syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL);
}
static void unlock_word(void) {
  if (atomic_exchange(&word, 0) == 2) syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}

static const struct {
  const char* name;
  void (*lock)(void);
  void (*unlock)(void);
} kLocks[] = {
    {"mutex", lock_mutex, unlock_mutex},    {"recursive", lock_recursive, unlock_recursive},
    {"rwlock", lock_rwlock, unlock_rwlock}, {"semaphore", lock_semaphore, unlock_semaphore},
    {"futex", lock_word, unlock_word},
};
static int chosen;
static atomic_int ends;
static atomic_int turns;

static void* takes_it_again(void* argument) {
  int ends_of_pipe[2];
  char c = 0;
  if (pipe(ends_of_pipe) != 0) abort();
  while (!ends) {
    kLocks[chosen].lock();
    if (write(ends_of_pipe[1], &c, 1) != 1 || read(ends_of_pipe[0], &c, 1) != 1) abort();
    turns++;
    kLocks[chosen].unlock();
  }
  return argument;
}

int main(int count, char** arguments) {
  const int known = (int)(sizeof kLocks / sizeof kLocks[0]);
  while (chosen < known && (count < 2 || strcmp(kLocks[chosen].name, arguments[1]) != 0)) chosen++;
  if (chosen == known) return 2;
  sem_init(&semaphore, 0, 1);
  pthread_t thread;
  if (pthread_create(&thread, NULL, takes_it_again, NULL) != 0) abort();
  while (turns == 0) usleep(1000);
  for (int i = 0; i < 5; i++) {
    kLocks[chosen].lock();
    printf("turn %d\n", i);
    kLocks[chosen].unlock();
    usleep(1000);
  }
  ends = 1;
  pthread_join(thread, NULL);
  return 0;
}
