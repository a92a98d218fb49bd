/* signal_targets.c: which thread a signal reaches: by id, by writing to nobody, by kill, and in
 * children of threads that are not libc's plainest. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static volatile sig_atomic_t handled;
static volatile sig_atomic_t as_expected;
static pthread_t expected;
static pid_t id_of_main;

static void note(int signal) {
  (void)signal;
  as_expected += pthread_equal(pthread_self(), expected) != 0;
  handled++;
}

static void expect(pthread_t thread) {
  expected = thread;
  handled = 0;
  as_expected = 0;
}

static void* sends_to_main(void* unused) {
  for (int i = 0; i < 20; i++) {
    const int before = handled;
    i % 2 ? tgkill(getpid(), id_of_main, SIGUSR1)
          : (int)syscall(SYS_tgkill, getpid(), id_of_main, SIGUSR1);
    while (handled == before) usleep(200);
  }
  return unused;
}

static void by_id(void) {
  expect(pthread_self());
  in_other_thread(sends_to_main, NULL);
  SAY_NUMBER(handled);
  SAY_NUMBER(as_expected);
}

static void* writes_to_nobody(void* unused) {
  int ends[2];
  if (pipe(ends) != 0) return unused;
  close(ends[0]);
  expect(pthread_self());
  SAY_ERRNO(write(ends[1], "x", 1));
  SAY_NUMBER(handled);
  SAY_NUMBER(as_expected);
  close(ends[1]);
  return unused;
}

/* The main thread blocks it, so it is the other's. */
static void* pauses(void* unused) {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, NULL);
  expect(pthread_self());
  pause();
  return unused;
}

static void by_kill(void) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &one, NULL);
  const pthread_t thread = start(pauses, NULL);
  usleep(20000);
  SAY_ERRNO(kill(getpid(), SIGUSR1));
  finish(thread);
  SAY_NUMBER(handled);
  SAY_NUMBER(as_expected);
  pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static void report_child(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  printf("child: %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void signal_itself(void) {
  expect(pthread_self());
  kill(getpid(), SIGUSR1);
  if (handled != 1 || as_expected != 1) _exit(1);
  kill(getpid(), SIGTERM);
  sleep(5);
  _exit(2);
}

static void* forks(void* unused) {
  const pid_t child = fork();
  if (child == 0) signal_itself();
  report_child(child);
  return unused;
}

static void* forks_by_number(void* unused) {
  const pid_t child = (pid_t)syscall(SYS_fork);
  if (child == 0) signal_itself();
  report_child(child);
  return unused;
}

/* One that has CPUs of its own. */
static void in_special_thread(void* (*body)(void*)) {
  pthread_attr_t attributes;
  pthread_t thread;
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  pthread_attr_init(&attributes);
  pthread_attr_setaffinity_np(&attributes, sizeof cpus, &cpus);
  if (pthread_create(&thread, &attributes, body, NULL) != 0) abort();
  finish(thread);
  pthread_attr_destroy(&attributes);
}

int main(void) {
  const struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  setvbuf(stdout, NULL, _IOLBF, 0);
  id_of_main = gettid();
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGPIPE, &action, NULL);
  by_id();
  writes_to_nobody(NULL);
  in_other_thread(writes_to_nobody, NULL);
  by_kill();
  in_other_thread(forks, NULL);
  in_other_thread(forks_by_number, NULL);
  in_special_thread(forks);
  return 0;
}
