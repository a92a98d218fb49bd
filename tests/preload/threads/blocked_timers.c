/* blocked_timers.c: the signal of a timer that tells one thread (SIGEV_THREAD_ID), which every
 * thread blocks: who waits for such signals does not take another thread's. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static sigset_t set;
static sem_t is_out;

static timer_t run_timer(pid_t thread, int value) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
  const struct itimerspec times = {.it_value = {0, 1000000}};
  timer_t timer;
  event._sigev_un._tid = thread;
  event.sigev_value.sival_int = value;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) abort();
  if (timer_settime(timer, 0, &times, NULL) != 0) abort();
  return timer;
}

/* Looks for its own when the other has long looked for any. */
static void* is_told(void* result) {
  siginfo_t info;
  const struct timespec enough = {5, 0};
  const timer_t timer = run_timer(gettid(), 2);
  while (sem_wait(&is_out) != 0) continue;
  const int taken = sigtimedwait(&set, &info, &enough);
  timer_delete(timer);
  return taken == SIGUSR1 && info.si_value.sival_int == 2 ? result : NULL;
}

int main(void) {
  static char ok[] = "ok";
  const struct timespec while_it_runs_out = {0, 100000000};
  siginfo_t info;
  alarm(30);
  if (sem_init(&is_out, 0, 0) != 0) abort();
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  const pthread_t told = start(is_told, ok);
  SAY_ERRNO(sigtimedwait(&set, &info, &while_it_runs_out));
  const timer_t timer = run_timer(gettid(), 1);
  SAY_ERRNO(sigwaitinfo(&set, &info));
  SAY_NUMBER(info.si_value.sival_int);
  timer_delete(timer);
  sem_post(&is_out);
  SAY_NUMBER(finish(told) != NULL);
  return 0;
}
