/* thread_signals.c: signals sent to one thread, and the masks of threads. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"

static sem_t go;
static sem_t ready;
static volatile unsigned long counter;
static volatile sig_atomic_t handled;
static volatile sig_atomic_t handled_value;
static pthread_t handled_by;

static void on_signal(int signal, siginfo_t* info, void* unused) {
  (void)unused;
  handled = signal;
  handled_value = info->si_value.sival_int;
  handled_by = pthread_self();
}

static void* spins(void* unused) {
  sem_post(&ready);
  const long end = now_ms(CLOCK_MONOTONIC) + 2000;
  while (handled == 0 && now_ms(CLOCK_MONOTONIC) < end) counter++;
  SAY_NUMBER(handled == SIGUSR1);
  SAY_NUMBER(handled_value);
  SAY_NUMBER(pthread_equal(handled_by, pthread_self()) != 0);
  return unused;
}

static void* waits_for_signal(void* unused) {
  sigset_t set;
  siginfo_t info = {0};
  const struct timespec two_seconds = {2, 0};
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  sem_post(&ready);
  SAY_NUMBER(sigtimedwait(&set, &info, &two_seconds) == SIGUSR2);
  SAY_NUMBER(info.si_value.sival_int);
  SAY_NUMBER(info.si_code == SI_QUEUE);
  SAY_NUMBER(info.si_pid == getpid());
  return unused;
}

static void* waits(void* unused) {
  sem_post(&ready);
  while (sem_wait(&go) != 0) continue;
  return unused;
}

static void* is_interrupted(void* unused) {
  sem_post(&ready);
  SAY_ERRNO(sem_wait(&go));
  while (sem_wait(&go) != 0) continue;
  return unused;
}

static void signals(void) {
  pthread_t thread;
  const union sigval value = {.sival_int = 4711};
  const struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  if (pthread_create(&thread, NULL, spins, NULL) != 0) abort();
  sem_wait(&ready);
  SAY(pthread_kill(thread, 0));
  SAY(pthread_kill(thread, -1));
  SAY(pthread_kill(thread, 65));
  SAY(pthread_sigqueue(thread, -1, value));
  SAY(pthread_sigqueue(thread, 65, value));
  SAY(pthread_sigqueue(thread, 0, value));
  const int error = pthread_sigqueue(thread, SIGUSR1, value);
  pthread_join(thread, NULL);
  SAY(error);
  if (pthread_create(&thread, NULL, waits_for_signal, NULL) != 0) abort();
  sem_wait(&ready);
  pthread_sigqueue(thread, SIGUSR2, value);
  pthread_join(thread, NULL);
  if (pthread_create(&thread, NULL, is_interrupted, NULL) != 0) abort();
  sem_wait(&ready);
  handled = 0;
  usleep(10000);
  pthread_kill(thread, SIGUSR1);
  for (int i = 0; i < 200 && handled == 0; i++) usleep(1000);
  usleep(10000);
  SAY_NUMBER(handled == SIGUSR1 && pthread_equal(handled_by, thread) != 0);
  sem_post(&go);
  sem_post(&go);
  pthread_join(thread, NULL);
  while (sem_trywait(&go) == 0) continue;
  handled = 0;
  SAY(pthread_kill(pthread_self(), SIGUSR1));
  SAY_NUMBER(handled == SIGUSR1 && pthread_equal(handled_by, pthread_self()) != 0);
}

static void* changes_mask(void* unused) {
  sigset_t set;
  sigset_t old;
  sigemptyset(&set);
  SAY(pthread_sigmask(99, &set, NULL));
  SAY(pthread_sigmask(99, NULL, &old));
  SAY(pthread_sigmask(SIG_BLOCK, NULL, &old));
  SAY_NUMBER(sigismember(&old, SIGUSR1));
  SAY_NUMBER(sigismember(&old, SIGUSR2));
  SAY(pthread_sigmask(SIG_SETMASK, &set, &old));
  SAY_NUMBER(sigismember(&old, SIGUSR2));
  usleep(1000);
  SAY(pthread_sigmask(SIG_UNBLOCK, NULL, &old));
  SAY_NUMBER(sigismember(&old, SIGUSR2));
  sigfillset(&set);
  SAY(pthread_sigmask(SIG_SETMASK, &set, NULL));
  SAY(pthread_sigmask(SIG_SETMASK, NULL, &old));
  SAY_NUMBER(sigismember(&old, SIGKILL));
  SAY_NUMBER(sigismember(&old, SIGSTOP));
  SAY_NUMBER(sigismember(&old, 32) > 0);
  SAY_NUMBER(sigismember(&old, 33) > 0);
  SAY_NUMBER(sigismember(&old, SIGTERM));
  SAY_NUMBER(sigismember(&old, SIGRTMAX));
  return unused;
}

static void masks(void) {
  pthread_t thread;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (pthread_create(&thread, NULL, changes_mask, NULL) != 0) abort();
  pthread_join(thread, NULL);
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  SAY_NUMBER(sigismember(&set, SIGUSR2));
  SAY_NUMBER(sigismember(&set, SIGUSR1));
}

/* libc keeps these two for itself. */
static void internal_signals(void) {
  pthread_t thread;
  const union sigval value = {.sival_int = 1};
  if (pthread_create(&thread, NULL, waits, NULL) != 0) abort();
  sem_wait(&ready);
  SAY(pthread_sigqueue(thread, 32, value));
  SAY(pthread_sigqueue(thread, 33, value));
  SAY(pthread_kill(thread, 32));
  SAY(pthread_kill(thread, 33));
  sem_post(&go);
  pthread_join(thread, NULL);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(20);
  sem_init(&go, 0, 0);
  sem_init(&ready, 0, 0);
  masks();
  signals();
  internal_signals();
  return 0;
}
