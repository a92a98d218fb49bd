/* old_signals.c: BSD's and System V's calls for signals change the calling thread's mask only, and
 * their handlers end its calls. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

int __sigpause(int word, int is_signal);
int __xpg_sigpause(int signal);

static volatile sig_atomic_t handled;
static sem_t waiting;
static sem_t go;

static int bit_of(int signal) { return 1 << (signal - 1); }

static void note(int signal) { handled = signal; }

static const char* name_of(sighandler_t handler) {
  return handler == SIG_ERR    ? "SIG_ERR"
         : handler == SIG_HOLD ? "SIG_HOLD"
         : handler == SIG_IGN  ? "SIG_IGN"
         : handler == SIG_DFL  ? "SIG_DFL"
         : handler == note     ? "note"
                               : "another";
}

static void say_set(const char* what, int signal, sighandler_t handler) {
  errno = 0;
  const sighandler_t old = sigset(signal, handler);
  printf("sigset %s: %s, errno %d\n", what, name_of(old), old == SIG_ERR ? errno : 0);
}

static int is_blocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, NULL, &mask);
  return sigismember(&mask, signal);
}

static void masks(void) {
  SAY_NUMBER(siggetmask());
  SAY_NUMBER(sigblock(bit_of(SIGUSR1)));
  SAY_NUMBER(sigblock(bit_of(SIGUSR2)));
  SAY_NUMBER(siggetmask());
  SAY_NUMBER(sigsetmask(bit_of(SIGUSR2)));
  SAY_NUMBER(is_blocked(SIGUSR1));
  SAY_NUMBER(sigsetmask(0));
  SAY_ERRNO(sighold(SIGUSR1));
  SAY_NUMBER(is_blocked(SIGUSR1));
  SAY_ERRNO(sigrelse(SIGUSR1));
  SAY_NUMBER(is_blocked(SIGUSR1));
  SAY_ERRNO(sighold(0));
  SAY_ERRNO(sighold(1000));
  SAY_ERRNO(sigrelse(-1));
  SAY_ERRNO(sigignore(1000));
  SAY_ERRNO(sigignore(SIGKILL));
  SAY_NUMBER(siggetmask());
}

static void handlers(void) {
  say_set("note", SIGUSR1, note);
  say_set("note again", SIGUSR1, note);
  say_set("hold", SIGUSR1, SIG_HOLD);
  raise(SIGUSR1);
  SAY_NUMBER(handled);
  say_set("hold again", SIGUSR1, SIG_HOLD);
  say_set("note, which unblocks", SIGUSR1, note);
  SAY_NUMBER(handled);
  SAY_NUMBER(is_blocked(SIGUSR1));
  handled = 0;
  SAY_ERRNO(sigignore(SIGUSR1));
  raise(SIGUSR1);
  SAY_NUMBER(handled);
  say_set("default", SIGUSR1, SIG_DFL);
  say_set("none", SIGUSR1, SIG_ERR);
  say_set("no signal", 1000, note);
  say_set("no signal, held", 1000, SIG_HOLD);
  say_set("SIGKILL", SIGKILL, note);
}

/* Others have a mask of their own, whoever runs on their kernel thread meanwhile. */
static void* looks(void* unused) {
  int seen = 0;
  for (int i = 0; i < 100; i++) {
    usleep(50);
    seen |= is_blocked(SIGUSR1);
  }
  return seen ? NULL : unused;
}

static void* blocks(void* unused) {
  int kept = 1;
  sigblock(bit_of(SIGUSR1));
  for (int i = 0; i < 100; i++) {
    usleep(50);
    kept &= is_blocked(SIGUSR1);
  }
  return kept ? unused : NULL;
}

static void* is_interrupted(void* unused) {
  sem_post(&waiting);
  SAY_ERRNO(sem_wait(&go)); /* without SA_RESTART */
  return unused;
}

static void* sends(void* main_thread) {
  usleep(20000);
  pthread_kill(*(pthread_t*)main_thread, SIGUSR1);
  return NULL;
}

static void pauses(void) {
  pthread_t self = pthread_self();
  handled = 0;
  sighold(SIGUSR1);
  pthread_t sender = start(sends, &self);
  SAY_ERRNO(__xpg_sigpause(SIGUSR1));
  finish(sender);
  SAY_NUMBER(handled);
  sender = start(sends, &self);
  SAY_ERRNO(__sigpause(0, 0));
  finish(sender);
  SAY_NUMBER(is_blocked(SIGUSR1));
  SAY_ERRNO(__xpg_sigpause(1000));
  sigrelse(SIGUSR1);
}

int main(void) {
  static char ok[] = "ok";
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  sem_init(&waiting, 0, 0);
  sem_init(&go, 0, 0);
  masks();
  handlers();
  puts("--- with threads");
  const pthread_t looker = start(looks, ok);
  const pthread_t blocker = start(blocks, ok);
  masks();
  handlers();
  SAY_NUMBER(finish(looker) != NULL);
  SAY_NUMBER(finish(blocker) != NULL);
  sigset(SIGUSR1, note);
  const pthread_t waiter = start(is_interrupted, NULL);
  sem_wait(&waiting);
  usleep(20000);
  pthread_kill(waiter, SIGUSR1);
  finish(waiter);
  pauses();
  return 0;
}
