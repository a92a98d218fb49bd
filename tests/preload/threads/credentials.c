/* credentials.c: user and groups are those of all threads, whoever sets them, and wherever the
 * threads run at that time. */
#include <dirent.h>
#include <grp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

enum { kBusy = 2, kWaiting = 2 };

static volatile int ends;
static volatile unsigned long counter;
static int stop[2];

static void* computes(void* argument) {
  while (!ends) counter++;
  return argument;
}
static void* waits(void* argument) {
  char c = 0;
  if (read(stop[0], &c, 1) != 0) abort();
  return argument;
}

enum { kLine = 1024 };

/* What the kernel says of a thread. False if there is no such thread. */
static bool read_field(const char* path, const char* field, char* line) {
  bool found = false;
  FILE* status = fopen(path, "r");
  while (status != NULL && !found && fgets(line, kLine, status) != NULL)
    found = strncmp(line, field, strlen(field)) == 0;
  if (status != NULL) fclose(status);
  return found;
}

/* A thread that was about to end when the others changed stays as it was, and is soon gone. */
static bool ends_soon(const char* path, const char* field) {
  const long until = now_ms(CLOCK_MONOTONIC) + 700;
  char line[kLine];
  while (read_field(path, field, line)) {
    if (now_ms(CLOCK_MONOTONIC) > until) return false;
    usleep(1000);
  }
  return true;
}

/* How many of the process's threads the kernel says something else of than of the first one. */
static int others_differ(const char* field) {
  char first[kLine] = "";
  int differ = 0;
  DIR* tasks = opendir("/proc/self/task");
  for (struct dirent* task; (task = readdir(tasks)) != NULL;) {
    char path[300];
    char line[kLine];
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
    if (task->d_name[0] == '.' || !read_field(path, field, line)) continue;
    if (first[0] == 0) strcpy(first, line);
    differ += strcmp(first, line) != 0 && !ends_soon(path, field);
  }
  closedir(tasks);
  printf("%s", first);
  return differ;
}

/* The caller computes for longer than a slice, and goes on elsewhere. */
static void move(void) {
  for (int i = 0; i < 2; i++) {
    const long end = now_ms(CLOCK_MONOTONIC) + 25;
    while (now_ms(CLOCK_MONOTONIC) < end) counter++;
    usleep(1000);
  }
}

static void* sets(void* argument) {
  const gid_t groups[] = {1, 2, 3};
  move();
  SAY_ERRNO(setgroups(3, groups));
  SAY_NUMBER(others_differ("Groups:"));
  SAY_ERRNO(initgroups("root", 0));
  SAY_NUMBER(others_differ("Groups:"));
  SAY_ERRNO(setegid(5));
  SAY_NUMBER(others_differ("Gid:"));
  SAY_ERRNO(setresgid(6, 7, 8));
  SAY_ERRNO(setregid(7, 6));
  SAY_ERRNO(setgid(0));
  SAY_NUMBER(others_differ("Gid:"));
  move();
  SAY_ERRNO(seteuid(5));
  SAY_NUMBER(others_differ("Uid:"));
  SAY_ERRNO(setreuid(5, 0));
  SAY_NUMBER(others_differ("Uid:"));
  SAY_ERRNO(setresuid(0, 0, 6));
  SAY_NUMBER(others_differ("Uid:"));
  return argument;
}

static void with_others(void* (*body)(void*)) {
  pthread_t threads[kBusy + kWaiting];
  ends = 0;
  if (pipe(stop) != 0) abort();
  for (int i = 0; i < kBusy + kWaiting; i++)
    if (pthread_create(&threads[i], NULL, i < kBusy ? computes : waits, NULL) != 0) abort();
  body(NULL);
  ends = 1;
  close(stop[1]);
  for (int i = 0; i < kBusy + kWaiting; i++) pthread_join(threads[i], NULL);
  close(stop[0]);
}

static void* sets_in_thread(void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, sets, NULL) != 0) abort();
  pthread_join(thread, NULL);
  return argument;
}

static void* sets_for_good(void* argument) {
  SAY_ERRNO(setuid(5));
  SAY_NUMBER(others_differ("Uid:"));
  SAY_ERRNO(setuid(0));
  return argument;
}

static void* sets_in_child(void* argument) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    SAY_NUMBER(gettid() == getpid());
    sets(NULL);
    with_others(sets);
    with_others(sets_in_thread);
    with_others(sets_for_good);
    fflush(stdout);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  SAY_NUMBER(status);
  return argument;
}

static void* forks_in_thread(void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, sets_in_child, NULL) != 0) abort();
  pthread_join(thread, NULL);
  return argument;
}

int main(void) {
  with_others(sets);
  with_others(sets_in_thread);
  with_others(sets_in_child);
  with_others(forks_in_thread);
  return 0;
}
