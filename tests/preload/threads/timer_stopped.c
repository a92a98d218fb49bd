/* timer_stopped.c: the process's timer is stopped, then its signal's action is set to the default:
 * none comes behind that, though other threads would have taken it. */
#include <signal.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static int stop[2];
static volatile sig_atomic_t handled;

static void note(int signal) {
  (void)signal;
  handled++;
}

static void* waits(void* unused) {
  char byte;
  return read(stop[0], &byte, 1) == 1 ? unused : NULL;
}

static void set_timer(long us) {
  const struct itimerval timer = {{0, us}, {0, us}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

int main(void) {
  const struct sigaction action = {.sa_handler = note};
  struct sigaction before;
  if (pipe(stop) != 0) return 1;
  for (int i = 0; i < 300; i++) {
    struct timeval most = {0, 1500 + i % 37 * 29};
    sigaction(SIGALRM, &action, &before);
    set_timer(500 + i);
    const pthread_t thread = start(waits, NULL);
    while (select(0, NULL, NULL, NULL, &most) != 0) continue;
    set_timer(0);
    sigaction(SIGALRM, &before, NULL);
    if (write(stop[1], "x", 1) != 1) return 1;
    finish(thread);
  }
  SAY_NUMBER(handled > 0);
  return 0;
}
