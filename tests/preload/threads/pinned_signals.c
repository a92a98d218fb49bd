/* pinned_signals.c: a thread that has set its own CPUs waits, with a signal let through that all
 * others block. pthread_kill ends the wait at once: just before it, in it, and deep in it. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include "say.h"

enum { kRounds = 100, kMuchTooLong = 10000 };

static sigjmp_buf handled; /* no wait is begun after the handler */
static int empty[2];
static sem_t waits;

static void leaves(int signal) {
  (void)signal;
  siglongjmp(handled, 1);
}

static void* is_interrupted(void* arg) {
  struct pollfd wanted = {.fd = empty[0], .events = POLLIN};
  sigset_t alarm;
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) return arg;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  for (volatile int round = 0; round < kRounds; round++) {
    if (sigsetjmp(handled, 1) == 0) {
      sem_post(&waits);
      pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
      SAY_NUMBER(poll(&wanted, 1, kMuchTooLong));
      return arg;
    }
  }
  return arg;
}

int main(void) {
  struct sigaction action = {.sa_handler = leaves};
  sigset_t alarm;
  pthread_t thread;
  sigaction(SIGALRM, &action, NULL);
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm, NULL);
  sem_init(&waits, 0, 0);
  SAY_ERRNO(pipe(empty));
  SAY(pthread_create(&thread, NULL, is_interrupted, NULL));
  for (int round = 0; round < kRounds; round++) {
    const struct timespec limit = in_ms(CLOCK_REALTIME, kMuchTooLong * 2);
    if (sem_timedwait(&waits, &limit) != 0) return 1;
    usleep((unsigned)round % 5 * 100);
    SAY(pthread_kill(thread, SIGALRM));
  }
  SAY(pthread_join(thread, NULL));
  return 0;
}
