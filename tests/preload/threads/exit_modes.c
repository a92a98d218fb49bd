/* exit_modes.c MODE: the ways in which a process with threads ends. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

static int no_data[2];
static sem_t never;
static sem_t started;
static pthread_t main_thread;
static pthread_t helper;
static pthread_key_t key;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile unsigned long counter;

static void first_handler(void) { puts("atexit, registered first"); }
static void second_handler(void) { puts("atexit, registered second"); }
static void destroy(void* value) { printf("destructor of %s\n", (const char*)value); }

static void* reads(void* unused) {
  sem_post(&started);
  (void)!read(no_data[0], &(char){0}, 1);
  return unused;
}

static void* waits_for_semaphore(void* unused) {
  sem_post(&started);
  sem_wait(&never);
  return unused;
}

static void* waits_for_condition(void* unused) {
  pthread_mutex_lock(&mutex);
  sem_post(&started);
  for (;;) pthread_cond_wait(&condition, &mutex);
  return unused;
}

static void* sleeps(void* unused) {
  sem_post(&started);
  sleep(1000);
  return unused;
}

static void* computes(void* unused) {
  sem_post(&started);
  for (;;) counter++;
  return unused;
}

static void* joins_main(void* unused) {
  void* result = NULL;
  SAY(pthread_join(main_thread, &result));
  SAY_NUMBER(result);
  puts("the last thread returns");
  return unused;
}

static void* naps(void* unused) {
  usleep(30000);
  puts("napped");
  return unused;
}

static void* (*const bodies[])(void*) = {reads, waits_for_semaphore, waits_for_condition, sleeps,
                                         computes};

/* One thread of each kind, all in their calls. */
static void start_all(int detached) {
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, bodies[i], NULL);
    if (detached) pthread_detach(thread);
    sem_wait(&started);
  }
  usleep(20000);
}

static pthread_t start(void* (*body)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, NULL) != 0) abort();
  return thread;
}

static int main_returns(void) {
  start_all(0);
  return 5;
}

static int main_returns_with_detached(void) {
  start_all(1);
  return 6;
}

static int main_leaves(void) {
  pthread_setspecific(key, "main's value");
  start(joins_main);
  pthread_exit((void*)77);
}

static void* exits_7(void* unused) {
  usleep(20000);
  exit(7);
  return unused;
}

static int main_leaves_then_exit(void) {
  start_all(0);
  start(exits_7);
  pthread_exit(NULL);
}

static int thread_exits(void) {
  pthread_setspecific(key, "main's value, not destroyed");
  start_all(0);
  start(exits_7);
  pause();
  return 1;
}

static void* quits(void* unused) {
  quick_exit(8);
  return unused;
}

static void first_quick(void) { puts("at_quick_exit, registered first"); }
static void second_quick(void) { puts("at_quick_exit, registered second"); }

static int thread_quits(void) {
  at_quick_exit(first_quick);
  at_quick_exit(second_quick);
  start_all(0);
  start(quits);
  pause();
  return 1;
}

static void* aborts(void* unused) {
  abort();
  return unused;
}

static int thread_aborts(void) {
  start_all(0);
  start(aborts);
  pause();
  return 1;
}

static void* leaves_at_once(void* unused) {
  _exit(9);
  return unused;
}

static int thread_leaves_at_once(void) {
  start_all(0);
  start(leaves_at_once);
  pause();
  return 1;
}

static void* releases(void* unused) {
  sem_wait(&never);
  usleep(20000);
  pthread_mutex_unlock(&mutex);
  return unused;
}

static void* holds(void* unused) {
  pthread_mutex_lock(&mutex);
  sem_post(&started);
  return releases(unused);
}

static void* answers(void* unused) {
  char byte = 0;
  (void)!read(no_data[0], &byte, 1);
  usleep(10000);
  printf("read %c\n", byte);
  sem_post(&started);
  return unused;
}

static void sleeping_handler(void) { SAY_ERRNO(usleep(10000)); }
static void joining_handler(void) { SAY(pthread_join(helper, NULL)); }

static void locking_handler(void) {
  sem_post(&never);
  SAY(pthread_mutex_lock(&mutex));
}

static void writing_handler(void) {
  SAY_NUMBER(write(no_data[1], "w", 1));
  SAY_ERRNO(sem_wait(&started));
}

static void creating_handler(void) {
  pthread_t thread = start(naps);
  SAY(pthread_join(thread, NULL));
}

static void prepare_blocking(void) {
  atexit(sleeping_handler);
  atexit(joining_handler);
  atexit(locking_handler);
  atexit(writing_handler);
  atexit(creating_handler);
  start(holds);
  sem_wait(&started);
  start(answers);
  helper = start(naps);
  usleep(50000);
}

static int handlers_block(void) {
  prepare_blocking();
  return 10;
}

static int handlers_block_in_thread(void) {
  prepare_blocking();
  start(exits_7);
  pause();
  return 1;
}

/* It runs in the last thread, when main has gone. */
static int handlers_block_after_main(void) {
  atexit(sleeping_handler);
  start(naps);
  pthread_exit(NULL);
}

static void* leaves_with_value(void* unused) {
  pthread_setspecific(key, "a thread's value");
  pthread_exit(unused);
}

static int all_leave(void) {
  start(leaves_with_value);
  usleep(10000);
  pthread_setspecific(key, "main's value");
  pthread_exit(NULL);
}

static const struct {
  const char* name;
  int (*run)(void);
} modes[] = {
#define MODE(name) \
  { #name, name }
    MODE(main_returns),
    MODE(main_returns_with_detached),
    MODE(main_leaves),
    MODE(main_leaves_then_exit),
    MODE(thread_exits),
    MODE(thread_quits),
    MODE(thread_aborts),
    MODE(thread_leaves_at_once),
    MODE(handlers_block),
    MODE(handlers_block_in_thread),
    MODE(handlers_block_after_main),
    MODE(all_leave),
};

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(10);
  main_thread = pthread_self();
  if (argc != 2 || pipe(no_data) != 0) return 2;
  sem_init(&never, 0, 0);
  sem_init(&started, 0, 0);
  pthread_key_create(&key, destroy);
  atexit(first_handler);
  atexit(second_handler);
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(argv[1], modes[i].name) == 0) {
      puts(modes[i].name);
      return modes[i].run();
    }
  }
  return 2;
}
