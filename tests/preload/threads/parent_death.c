/* parent_death.c: a child that dies with its parent (PR_SET_PDEATHSIG) lives as long as the thread
 * that has made it does. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 6 };

static void compute(void) {
  const long until = now_ms(CLOCK_MONOTONIC) + 100;
  while (now_ms(CLOCK_MONOTONIC) < until) continue;
}

/* Computes first, so that each needs a kernel thread of its own. */
static void* makes_a_child(void* argument) {
  (void)argument;
  int status = 0;
  compute();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    usleep(1300000);
    _exit(9);
  }
  if (waitpid(child, &status, 0) != child) abort();
  return (void*)(size_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status));
}

int main(void) {
  pthread_t threads[kThreads];
  alarm(50);
  for (int i = 0; i < kThreads; i++) threads[i] = start(makes_a_child, NULL);
  for (int i = 0; i < kThreads; i++) SAY_NUMBER((size_t)finish(threads[i]));
  return 0;
}
