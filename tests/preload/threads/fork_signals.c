/* fork_signals.c: a signal that comes for a child as soon as there is one is not lost. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static void ends(int signal) { _exit(signal); }

static void* forks(void* unused) {
  int ended_by_handler = 0;
  for (int i = 0; i < 300; i++) {
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
      alarm(5); /* SIGALRM ends a child that has lost the other one */
      for (;;) pause();
    }
    for (volatile int k = 0; k < i * 100;) k = k + 1;
    kill(child, SIGUSR1);
    waitpid(child, &status, 0);
    ended_by_handler += WIFEXITED(status) && WEXITSTATUS(status) == SIGUSR1;
  }
  SAY_NUMBER(ended_by_handler);
  return unused;
}

int main(void) {
  const struct sigaction action = {.sa_handler = ends};
  sigaction(SIGUSR1, &action, NULL);
  forks(NULL);
  in_other_thread(forks, NULL);
  return 0;
}
