/* masked_waits.c: waits that let signals through for their time only: one that is pending already
 * ends them at once, and is handled once; and one that comes meanwhile. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static volatile sig_atomic_t handled;
static sigset_t none;
static int empty[2];

static void note(int signal) {
  (void)signal;
  handled++;
}

static const struct timespec two_seconds = {2, 0};

static int in_ppoll(void) {
  struct pollfd wanted = {.fd = empty[0], .events = POLLIN};
  return ppoll(&wanted, 1, &two_seconds, &none);
}

static int in_pselect(void) {
  fd_set wanted;
  FD_ZERO(&wanted);
  FD_SET(empty[0], &wanted);
  return pselect(empty[0] + 1, &wanted, NULL, NULL, &two_seconds, &none);
}

static int in_epoll_pwait(void) {
  struct epoll_event event;
  const int fd = epoll_create1(0);
  const int result = epoll_pwait(fd, &event, 1, 2000, &none);
  const int error = errno;
  close(fd);
  errno = error;
  return result;
}

static int in_sigsuspend(void) { return sigsuspend(&none); }

static void* sends(void* thread) {
  usleep(10000);
  pthread_kill(*(pthread_t*)thread, SIGUSR1);
  return NULL;
}

static void wait_in(const char* name, int (*wait)(void)) {
  pthread_t self = pthread_self();
  sigset_t pending;
  puts(name);
  handled = 0;
  SAY(pthread_kill(self, SIGUSR1));
  sigpending(&pending);
  SAY_NUMBER(sigismember(&pending, SIGUSR1));
  SAY_NUMBER(handled);
  SAY_ERRNO(wait());
  SAY_NUMBER(handled);
  sigpending(&pending);
  SAY_NUMBER(sigismember(&pending, SIGUSR1));
  const pthread_t sender = start(sends, &self);
  SAY_ERRNO(wait());
  SAY_NUMBER(handled);
  finish(sender);
}

static void* wait_in_all(void* unused) {
  wait_in("ppoll", in_ppoll);
  wait_in("pselect", in_pselect);
  wait_in("epoll_pwait", in_epoll_pwait);
  wait_in("sigsuspend", in_sigsuspend);
  return unused;
}

static void* does_nothing(void* unused) {
  char byte;
  return read(empty[0], &byte, 1) == 1 ? unused : NULL;
}

int main(void) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigset_t blocked;
  sigemptyset(&none);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaction(SIGUSR1, &action, NULL);
  pthread_sigmask(SIG_BLOCK, &blocked, NULL);
  if (pipe(empty) != 0) return 1;
  const pthread_t beside = start(does_nothing, NULL);
  puts("--- main thread");
  wait_in_all(NULL);
  puts("--- another thread");
  finish(start(wait_in_all, NULL));
  if (write(empty[1], "x", 1) != 1) return 1;
  finish(beside);
  return 0;
}
