/* signal_takers.c: a signal for the process that the first thread blocks, sent from outside,
 * reaches another thread that does not, while all of them wait; and stays pending while nobody
 * takes it. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static _Thread_local int is_taker;
static volatile sig_atomic_t handled;
static volatile sig_atomic_t by_taker;
static int done[2];

static void note(int signal) {
  (void)signal;
  handled++;
  by_taker += is_taker;
}

static void change(int how) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(how, &set, NULL);
}

/* By a process that sees the others wait. */
static void send_from_outside(void) {
  const pid_t target = getpid();
  const pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    kill(target, SIGUSR1);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void* takes(void* unused) {
  char byte;
  is_taker = 1;
  change(SIG_UNBLOCK);
  return read(done[0], &byte, 1) == 1 ? unused : NULL;
}

static void* others(void* unused) {
  char byte;
  return read(done[0], &byte, 1) == 1 ? unused : NULL;
}

/* Until the handler has run, for at most two seconds. */
static void await(int count) {
  for (int i = 0; i < 200 && handled < count; i++) poll(NULL, 0, 10);
}

int main(void) {
  const struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigset_t pending;
  if (pipe(done) != 0) return 1;
  sigaction(SIGUSR1, &action, NULL);
  change(SIG_BLOCK);
  const pthread_t other = start(others, NULL);
  /* Nobody takes it. */
  send_from_outside();
  SAY_NUMBER(handled);
  sigpending(&pending);
  SAY_NUMBER(sigismember(&pending, SIGUSR1));
  /* The one that comes does, and each that comes from now on. */
  const pthread_t taker = start(takes, NULL);
  await(1);
  SAY_NUMBER(handled);
  SAY_NUMBER(by_taker);
  for (int i = 2; i < 12; i++) {
    send_from_outside();
    await(i);
  }
  SAY_NUMBER(handled);
  SAY_NUMBER(by_taker);
  if (write(done[1], "xx", 2) != 2) return 1;
  finish(taker);
  finish(other);
  /* It has ended: nobody again, and then the first thread. */
  send_from_outside();
  SAY_NUMBER(handled);
  change(SIG_UNBLOCK);
  SAY_NUMBER(handled);
  SAY_NUMBER(by_taker);
  return 0;
}
