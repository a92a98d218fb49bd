/* children.c: threads that start children in every way and wait for them in every way: each status
 * reaches the caller that it is for, and only that. */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

extern char** environ;

enum { kThreads = 20, kRounds = 6 };

static int by_system(int code) {
  char command[32];
  snprintf(command, sizeof command, "exit %d", code);
  const int status = system(command);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int by_popen(int code) {
  char command[64], text[16] = "";
  snprintf(command, sizeof command, "echo %d; exit %d", code, code);
  FILE* stream = popen(command, "r");
  if (stream == NULL || fgets(text, sizeof text, stream) == NULL || atoi(text) != code) return -1;
  const int status = pclose(stream);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int exit_of(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int by_posix_spawn(int code) {
  char command[32];
  char* arguments[] = {"sh", "-c", command, NULL};
  pid_t child = 0;
  snprintf(command, sizeof command, "exit %d", code);
  if (posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) != 0) return -1;
  return exit_of(child);
}

static int by_fork(int code) {
  const pid_t child = fork();
  if (child == 0) _exit(code);
  return exit_of(child);
}

static int by_raw_fork(int code) {
  const pid_t child = (pid_t)syscall(SYS_fork);
  if (child == 0) _exit(code);
  return exit_of(child);
}

static int by_waitid(int code) {
  siginfo_t info;
  const pid_t child = _Fork();
  if (child == 0) _exit(code);
  memset(&info, 0, sizeof info);
  return waitid(P_PID, (id_t)child, &info, WEXITED) == 0 && info.si_pid == child ? info.si_status
                                                                                 : -1;
}

/* In a group of its own, to wait for that. */
static int by_group(int code) {
  const pid_t child = fork();
  int status = 0;
  if (child == 0) {
    setpgid(0, 0);
    _exit(code);
  }
  setpgid(child, child);
  return waitpid(-child, &status, 0) == child ? WEXITSTATUS(status) : -1;
}

static int by_stop(int code) {
  const pid_t child = fork();
  int status = 0;
  if (child == 0) {
    raise(SIGSTOP);
    _exit(code);
  }
  if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return -1;
  kill(child, SIGCONT);
  return exit_of(child);
}

static int (*const ways[])(int) = {by_system, by_popen,    by_posix_spawn, by_fork,
                                   by_waitid, by_raw_fork, by_group,       by_stop};
enum { kWays = sizeof ways / sizeof *ways };
static int right[kWays];

static void* uses_all(void* argument) {
  const int number = (int)(size_t)argument;
  for (int i = 0; i < kRounds; i++) {
    const int way = (number + i) % kWays, code = (number * 7 + i) % 200 + 1;
    if (ways[way](code) == code) __atomic_add_fetch(&right[way], 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

static void mixed(void) {
  pthread_t threads[kThreads];
  int sum = 0;
  for (size_t i = 0; i < kThreads; i++) threads[i] = start(uses_all, (void*)i);
  for (size_t i = 0; i < kThreads; i++) finish(threads[i]);
  for (int i = 0; i < kWays; i++) sum += right[i];
  SAY_NUMBER(sum);
  SAY_ERRNO(waitpid(-1, NULL, 0));
}

/* Several threads wait for any child; each of many children is reported once. */
enum { kChildren = 60 };
static int seen[kChildren];
static int reaped;

static void* reaps(void* argument) {
  (void)argument;
  for (;;) {
    int status = 0;
    const pid_t child = wait(&status);
    if (child == -1) return (void*)(size_t)errno;
    __atomic_add_fetch(&seen[WEXITSTATUS(status)], 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&reaped, 1, __ATOMIC_RELAXED);
  }
}

static void any(void) {
  int go[2], once = 0, without = 0;
  pthread_t threads[5];
  if (pipe(go) != 0) abort();
  for (int i = 0; i < kChildren; i++) {
    if (fork() == 0) {
      char byte;
      close(go[1]);
      _exit(read(go[0], &byte, 1) == 0 ? i : 99);
    }
  }
  for (int i = 0; i < 5; i++) threads[i] = start(reaps, NULL);
  usleep(10000);
  close(go[1]);
  close(go[0]);
  for (int i = 0; i < 5; i++) without += finish(threads[i]) == (void*)(size_t)ECHILD;
  for (int i = 0; i < kChildren; i++) once += seen[i] == 1;
  SAY_NUMBER(once);
  SAY_NUMBER(reaped);
  SAY_NUMBER(without);
}

/* Who waits for any child, while others wait for theirs. */
static volatile int is_over;
static int strangers;

static void* reaps_any(void* argument) {
  (void)argument;
  while (!is_over) {
    if (waitpid(-1, NULL, WNOHANG) > 0) __atomic_add_fetch(&strangers, 1, __ATOMIC_RELAXED);
    usleep(300);
  }
  return NULL;
}

static int own;

static void* waits_for_own(void* argument) {
  (void)argument;
  for (int i = 0; i < 10; i++) {
    int status = 0;
    const pid_t child = fork();
    if (child == 0) _exit(5);
    const pid_t got = waitpid(child, &status, 0);
    if (got == child && WEXITSTATUS(status) == 5) __atomic_add_fetch(&own, 1, __ATOMIC_RELAXED);
    if (got != child && (got != -1 || errno != ECHILD)) abort();
  }
  return NULL;
}

static void compete(void) {
  pthread_t threads[10];
  const pthread_t thief = start(reaps_any, NULL);
  for (int i = 0; i < 10; i++) threads[i] = start(waits_for_own, NULL);
  for (int i = 0; i < 10; i++) finish(threads[i]);
  is_over = 1;
  finish(thief);
  SAY_NUMBER(own + strangers);
}

static void results(void) {
  siginfo_t info;
  int status = 0;
  const pid_t child = fork();
  if (child == 0) _exit(3);
  SAY_NUMBER(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == child);
  SAY_NUMBER(waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED | WNOWAIT) == 0 && info.si_status == 3);
  SAY_NUMBER(wait(&status) == child && WEXITSTATUS(status) == 3);
  SAY_ERRNO(wait(NULL));
  SAY_ERRNO(waitpid(child, NULL, 0));
  SAY_ERRNO(waitpid(-child, NULL, 0));
  SAY_ERRNO(waitpid(0, NULL, 0));
  SAY_ERRNO(waitpid(1, NULL, 0));
  SAY_ERRNO(waitpid(-1, NULL, 0x800000));
  SAY_ERRNO(waitid(P_ALL, 0, &info, 0));
  SAY_ERRNO(waitid(P_PIDFD, 9999, &info, WEXITED));
}

/* Without statuses of children: waits until there is none left. */
static void ignored(void) {
  int go[2];
  signal(SIGCHLD, SIG_IGN);
  if (pipe(go) != 0) abort();
  for (int i = 0; i < 3; i++) {
    if (fork() == 0) {
      usleep(5000U * (unsigned)(i + 1));
      _exit(0);
    }
  }
  SAY_ERRNO(waitpid(-1, NULL, 0));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  SAY_ERRNO(waitpid(child, NULL, 0));
  SAY_ERRNO(system("exit 3"));
  signal(SIGCHLD, SIG_DFL);
}

static void* all(void* argument) {
  results();
  mixed();
  any();
  compete();
  ignored();
  return argument;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alarm(50);
  in_other_thread(all, NULL);
  return 0;
}
