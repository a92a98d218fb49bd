/* thread_timers.c: timers that tell one thread (SIGEV_THREAD_ID): their signals are that thread's,
 * whatever it does. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 6, kTicks = 10 };

static __thread volatile int ticks; /* handlers that ran in the calling thread */
static __thread volatile int strange;
static volatile int ended;

static void tick(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)context;
  ticks++;
  strange += info->si_code != SI_TIMER || info->si_value.sival_int != gettid() % 1000;
}

static timer_t make_timer(pid_t thread, int signal) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal};
  timer_t timer;
  event._sigev_un._tid = thread;
  event.sigev_value.sival_int = thread % 1000;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) abort();
  return timer;
}

static void run(timer_t timer, long first_ms, long every_ms) {
  const struct itimerspec times = {.it_value = {0, first_ms * 1000000},
                                   .it_interval = {0, every_ms * 1000000}};
  if (timer_settime(timer, 0, &times, NULL) != 0) abort();
}

/* Interrupted, or between calls: both count. */
static void* parks(void* result) {
  sem_t never;
  sem_init(&never, 0, 0);
  const timer_t timer = make_timer(gettid(), SIGUSR1);
  run(timer, 5, 3);
  while (ticks < kTicks) {
    if (sem_wait(&never) == 0 || errno != EINTR) abort();
  }
  timer_delete(timer);
  return strange == 0 ? result : NULL;
}

static void* computes(void* result) {
  const timer_t timer = make_timer(gettid(), SIGUSR1);
  run(timer, 5, 3);
  while (ticks < kTicks) continue;
  timer_delete(timer);
  return strange == 0 ? result : NULL;
}

static void* blocks_it(void* result) {
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  const timer_t timer = make_timer(gettid(), SIGUSR1);
  run(timer, 5, 0);
  if (sigwaitinfo(&set, &info) != SIGUSR1) abort();
  run(timer, 5, 0);
  usleep(10000);
  if (ticks != 0) abort();
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  while (ticks == 0) sched_yield();
  timer_delete(timer);
  return info.si_code == SI_TIMER && strange == 0 ? result : NULL;
}

static void* bystands(void* unused) {
  while (!ended) usleep(500);
  return ticks == 0 ? unused : NULL;
}

/* It outlives its thread: nobody hears of it. */
static timer_t left;
static void* leaves_timer(void* unused) {
  left = make_timer(gettid(), SIGUSR1);
  return unused;
}

int main(void) {
  static char ok[] = "ok";
  void* (*const bodies[kThreads])(void*) = {parks, computes, blocks_it, parks, computes, blocks_it};
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  pthread_t threads[kThreads];
  int good = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(30);
  action.sa_sigaction = tick;
  sigaction(SIGUSR1, &action, NULL);
  const pthread_t bystander = start(bystands, ok);
  for (int i = 0; i < kThreads; i++) threads[i] = start(bodies[i], ok);
  const timer_t timer = make_timer(getpid(), SIGUSR1);
  run(timer, 5, 3);
  while (ticks < kTicks) usleep(1000);
  SAY_NUMBER(strange);
  SAY_ERRNO(timer_delete(timer));
  SAY_ERRNO(timer_delete(timer));
  for (int i = 0; i < kThreads; i++) good += finish(threads[i]) != NULL;
  SAY_NUMBER(good);
  const int before = ticks;
  finish(start(leaves_timer, NULL));
  run(left, 1, 1);
  usleep(20000);
  SAY_NUMBER(ticks == before);
  SAY_ERRNO(timer_delete(left));
  ended = 1;
  SAY_NUMBER(finish(bystander) != NULL);
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
  event._sigev_un._tid = 0x7fffffff; /* nobody has it */
  timer_t unused;
  SAY_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &unused));
  return 0;
}
