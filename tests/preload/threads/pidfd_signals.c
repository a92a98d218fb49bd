/* pidfd_signals.c: a signal that the first thread sends to its own process by a pidfd has been
 * handled when the call returns, though other threads could take it. A folder of /proc is as good
 * as a pidfd. */
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kRounds = 500 };

static volatile sig_atomic_t handled;
static volatile sig_atomic_t ended;

static void note(int signal) {
  (void)signal;
  handled++;
}

/* Wakes up often, so that the first thread does not stay where it began. */
static void* naps(void* unused) {
  while (!ended) usleep(20);
  return unused;
}

int main(void) {
  const struct sigaction action = {.sa_handler = note};
  const int self = pidfd_open(getpid(), 0);
  const int folder = open("/proc/self", O_RDONLY | O_DIRECTORY);
  int late = 0;
  if (self < 0 || folder < 0) return 1;
  sigaction(SIGUSR1, &action, NULL);
  const pthread_t thread = start(naps, NULL);
  const pthread_t other = start(naps, NULL);
  for (int i = 1; i <= kRounds; i++) {
    if (pidfd_send_signal(self, SIGUSR1, NULL, 0) != 0) return 1;
    late += handled != 3 * i - 2;
    if (syscall(SYS_pidfd_send_signal, self, SIGUSR1, NULL, 0) != 0) return 1;
    late += handled != 3 * i - 1;
    if (pidfd_send_signal(folder, SIGUSR1, NULL, 0) != 0) return 1;
    late += handled != 3 * i;
    usleep(50);
  }
  SAY_NUMBER(handled);
  /* The kernel itself chooses another thread where the first one is just being interrupted. */
  SAY_NUMBER(late > kRounds / 50);
  SAY_ERRNO(pidfd_send_signal(self, 1000, NULL, 0));
  SAY_ERRNO(pidfd_send_signal(-1, SIGUSR1, NULL, 0));
  ended = 1;
  finish(thread);
  finish(other);
  return 0;
}
