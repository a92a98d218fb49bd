/* Threads that wait, each in a way of its own, and a main thread that waits for them. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t all_started;
static sem_t closed;
static int empty_pipe[2];
static int silent[2];

static void* waits_for_condition(void* unused) {
  pthread_barrier_wait(&all_started);
  pthread_mutex_lock(&mutex);
  for (;;) pthread_cond_wait(&never, &mutex);
  return unused;
}

static void* waits_for_semaphore(void* unused) {
  pthread_barrier_wait(&all_started);
  sem_wait(&closed);
  return unused;
}

static void* reads(void* unused) {
  char byte;
  pthread_barrier_wait(&all_started);
  if (read(empty_pipe[0], &byte, 1) >= 0) puts("read returned");
  return unused;
}

static void* receives(void* unused) {
  char byte;
  pthread_barrier_wait(&all_started);
  if (recv(silent[0], &byte, 1, 0) >= 0) puts("recv returned");
  return unused;
}

static void* polls(void* unused) {
  struct pollfd entry = {.fd = silent[0], .events = POLLIN};
  pthread_barrier_wait(&all_started);
  poll(&entry, 1, 60000);
  return unused;
}

static void* sleeps(void* unused) {
  pthread_barrier_wait(&all_started);
  sleep(60);
  return unused;
}

static void* (*const bodies[])(void*) = {
    waits_for_condition, waits_for_semaphore, reads, receives, polls, sleeps};
enum { kThreads = sizeof bodies / sizeof *bodies };

int main(void) {
  pthread_t threads[kThreads];
  if (pipe(empty_pipe) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, silent) != 0 ||
      sem_init(&closed, 0, 0) != 0 || pthread_barrier_init(&all_started, NULL, kThreads + 1) != 0) {
    return 1;
  }
  for (int i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], NULL, bodies[i], NULL) != 0) return 1;
  }
  pthread_barrier_wait(&all_started);
  puts("waiting");
  fflush(stdout);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  return 0;
}
