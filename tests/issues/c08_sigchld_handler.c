/* SIGCHLD belongs to the program: there is no handler before it sets one, and its own runs for each
 * batch of children that end. */
#include <signal.h>

#include "check.h"

enum { kBatches = 30, kChildren = 5 };

static volatile sig_atomic_t reaped;

static void on_child(int signal) {
  const int error = errno;
  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0) reaped++;
  errno = error;
}

static int kernel_has_handler(int signal) {
  FILE* status = fopen("/proc/self/status", "r");
  char line[256];
  unsigned long caught = ~0UL;
  while (fgets(line, sizeof line, status) != NULL) sscanf(line, "SigCgt: %lx", &caught);
  fclose(status);
  return caught >> (signal - 1) & 1;
}

static void* forks(void* unused) {
  for (int i = 0; i < kChildren; i++)
    if (fork() == 0) _exit(0);
  return unused;
}

int main(void) {
  struct sigaction action = {.sa_handler = on_child};
  sigset_t only;
  sigset_t before;
  alarm(20);
  join(start(forks, NULL)); /* whatever sets up for children has now done so */
  for (int i = 0; i < kChildren; i++) CHECK(wait(NULL) > 0);
  CHECK(!kernel_has_handler(SIGCHLD));
  CHECK(sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
  action.sa_handler = on_child;
  CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
  sigemptyset(&only);
  sigaddset(&only, SIGCHLD);
  for (int batch = 1; batch <= kBatches; batch++) {
    join(start(forks, NULL));
    CHECK(pthread_sigmask(SIG_BLOCK, &only, &before) == 0);
    while (reaped < batch * kChildren) sigsuspend(&before);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
  }
  CHECK(reaped == kBatches * kChildren);
  return 0;
}
