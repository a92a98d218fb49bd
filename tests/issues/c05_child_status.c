/* Twenty threads make children in five ways, and wait for them at the same time: each status comes
 * once, to the one who asked. */
#include <spawn.h>
#include <stdatomic.h>

#include "check.h"

enum { kThreads = 20, kRounds = 5 };

extern char** environ;
pid_t fork_in_library(int status);

static int status_of(pid_t child) {
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(waitpid(child, &status, 0) == -1 && errno == ECHILD);
  return WEXITSTATUS(status);
}

static void by_system(int code, const char* command) {
  const int status = system(command);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code);
}

static void by_popen(int code, const char* command) {
  FILE* out = popen(command, "r");
  CHECK(out != NULL);
  const int status = pclose(out);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code);
}

static void by_spawn(int code, char* command) {
  char shell[] = "sh";
  char option[] = "-c";
  char* arguments[] = {shell, option, command, NULL};
  pid_t child;
  CHECK(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0);
  CHECK(status_of(child) == code);
}

static void by_fork(int code) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) _exit(code);
  CHECK(status_of(child) == code);
}

static void* makes_children(void* argument) {
  const int me = (int)(long)argument;
  for (int i = 0; i < kRounds; i++) {
    const int code = me * kRounds + i + 1;
    char command[32];
    snprintf(command, sizeof command, "exit %d", code);
    switch (me % 5) {
      case 0:
        by_system(code, command);
        break;
      case 1:
        by_popen(code, command);
        break;
      case 2:
        by_spawn(code, command);
        break;
      case 3:
        by_fork(code);
        break;
      default:
        CHECK(status_of(fork_in_library(code)) == code);
    }
  }
  return NULL;
}

static atomic_int seen[kThreads * kRounds];

/* Whoever waits for any child gets some thread's, but each only once. */
static void* waits_for_any(void* argument) {
  const int me = (int)(long)argument;
  int status;
  for (int i = 0; i < kRounds; i++) CHECK(fork_in_library(me * kRounds + i) > 0);
  for (int i = 0; i < kRounds; i++) {
    CHECK(waitpid(-1, &status, 0) > 0);
    CHECK(WIFEXITED(status));
    atomic_fetch_add(&seen[WEXITSTATUS(status)], 1);
  }
  return NULL;
}

static void in_threads(void* (*body)(void*)) {
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; i++) threads[i] = start(body, (void*)i);
  for (int i = 0; i < kThreads; i++) join(threads[i]);
}

int main(void) {
  alarm(20);
  in_threads(makes_children);
  in_threads(waits_for_any);
  for (int i = 0; i < kThreads * kRounds; i++) CHECK(atomic_load(&seen[i]) == 1);
  CHECK(wait(NULL) == -1 && errno == ECHILD);
  return 0;
}
