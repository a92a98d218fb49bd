/* pthread_cancel wakes a thread that blocks, runs its handlers, and waits while cancelling is
 * disabled. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

static int no_data[2];
static sem_t never;
static sem_t started;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void say(void* text) { puts(text); }

static void unlock(void* held) {
  puts(pthread_mutex_unlock(held) == 0 ? "unlocked" : "was not locked");
}

static void* reads(void* unused) {
  char byte;
  pthread_cleanup_push(say, "handler of read");
  sem_post(&started);
  if (read(no_data[0], &byte, 1) == 1) puts("not reached");
  pthread_cleanup_pop(0);
  return unused;
}

static void* sleeps(void* unused) {
  pthread_cleanup_push(say, "handler of sleep");
  sem_post(&started);
  sleep(1000);
  pthread_cleanup_pop(0);
  return unused;
}

static void* waits_for_semaphore(void* unused) {
  pthread_cleanup_push(say, "handler of sem_wait");
  sem_post(&started);
  sem_wait(&never);
  pthread_cleanup_pop(0);
  return unused;
}

static void* waits_for_condition(void* unused) {
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlock, &mutex);
  sem_post(&started);
  for (;;) pthread_cond_wait(&condition, &mutex);
  pthread_cleanup_pop(0);
  return unused;
}

static void* disables(void* unused) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  sem_post(&started);
  usleep(20000);
  puts("slept with cancelling disabled");
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  pthread_testcancel();
  puts("not reached");
  return unused;
}

static void cancel_in(void* (*body)(void*)) {
  pthread_t thread;
  void* result = NULL;
  if (pthread_create(&thread, NULL, body, NULL) != 0) return;
  sem_wait(&started);
  usleep(5000);
  pthread_cancel(thread);
  pthread_join(thread, &result);
  puts(result == PTHREAD_CANCELED ? "cancelled" : "returned");
}

int main(void) {
  if (pipe(no_data) != 0 || sem_init(&never, 0, 0) != 0 || sem_init(&started, 0, 0) != 0) return 1;
  cancel_in(reads);
  cancel_in(sleeps);
  cancel_in(waits_for_semaphore);
  cancel_in(waits_for_condition);
  cancel_in(disables);
  return 0;
}
