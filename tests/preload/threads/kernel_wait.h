/* kernel_wait.h: what signals and other threads do while a thread waits in a call. */
#ifndef WEFT_TESTS_KERNEL_WAIT_H
#define WEFT_TESTS_KERNEL_WAIT_H
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"

/* A call that waits until `unblock` is called, and what it returned. */
struct kernel_wait {
  const char* name;
  long (*call)(void);
  void (*unblock)(void);
  long result;
  int error;
  volatile int begun, ended;
};

#define KERNEL_WAIT(name, unblock) \
  { #name, in_##name, unblock, 0, 0, 0, 0 }

static volatile int handled;
static pthread_t interrupted_thread;

static void count_signal(int signal) {
  (void)signal;
  if (!pthread_equal(pthread_self(), interrupted_thread)) abort();
  handled = handled + 1;
}

static void* calls(void* argument) {
  struct kernel_wait* wait = (struct kernel_wait*)argument;
  wait->begun = 1;
  errno = 0;
  wait->result = wait->call();
  wait->error = errno;
  wait->ended = 1;
  return NULL;
}

static void begin_wait(struct kernel_wait* wait, pthread_t* thread) {
  wait->begun = 0;
  wait->ended = 0;
  if (pthread_create(thread, NULL, calls, wait) != 0) abort();
  interrupted_thread = *thread;
  while (!wait->begun) usleep(500);
  for (int i = 0; i < 10; i++) usleep(1000); /* others go on meanwhile */
}

static void end_wait(struct kernel_wait* wait, pthread_t thread) {
  pthread_join(thread, NULL);
  printf("%s: %ld, %s\n", wait->name, wait->result,
         wait->result == -1 ? error_name(wait->error) : "0");
}

static void handle(int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = count_signal;
  action.sa_flags = flags;
  sigaction(SIGUSR1, &action, NULL);
  handled = 0;
}

/* Nobody disturbs it. */
static inline void wait_in_peace(struct kernel_wait* wait) {
  pthread_t thread;
  begin_wait(wait, &thread);
  printf("in peace, ended early: %d\n", wait->ended);
  wait->unblock();
  end_wait(wait, thread);
}

/* Handlers without SA_RESTART end it. */
static inline void interrupt_wait(struct kernel_wait* wait) {
  pthread_t thread;
  handle(0);
  begin_wait(wait, &thread);
  while (!wait->ended) {
    pthread_kill(thread, SIGUSR1);
    usleep(5000);
  }
  printf("interrupted, handled: %d\n", handled > 0);
  end_wait(wait, thread);
}

/* Three handlers with SA_RESTART; it may end before it is unblocked if it is never restarted. */
static inline void restart_wait(struct kernel_wait* wait) {
  pthread_t thread;
  handle(SA_RESTART);
  begin_wait(wait, &thread);
  for (int i = 0; i < 3 && !wait->ended; i++) {
    pthread_kill(thread, SIGUSR1);
    while (handled <= i) usleep(1000);
    for (int n = 0; n < 10 && !wait->ended; n++) usleep(1000);
  }
  const int early = wait->ended;
  printf("with SA_RESTART, ended early: %d\n", early);
  if (!early) wait->unblock();
  end_wait(wait, thread);
}

#endif
