/* stdio_locks.c: who holds a FILE, who waits for it, and that lines of several threads never mix.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

enum { kLines = 2000, kReaders = 3, kWriters = 4 };

static FILE* from_pipe;
static FILE* to_pipe;
static sem_t reached;
static sem_t go_on;
static atomic_int turns;

static void open_pipe(void) {
  int ends[2];
  if (pipe(ends) != 0) abort();
  from_pipe = fdopen(ends[0], "r");
  to_pipe = fdopen(ends[1], "w");
}

static pthread_t start(void* (*body)(void*), void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, argument) != 0) abort();
  return thread;
}

/* -- lines -- */

static atomic_long sum;
static atomic_int broken;

/* "NUMBER NUMBER NUMBER\n" of one number. */
static void check(const char* line) {
  int a = 0, b = -1, c = -1, end = 0;
  sscanf(line, "%d %d %d%n", &a, &b, &c, &end);
  if (a != b || b != c || line[end] != '\n' || line[end + 1] != '\0') broken++;
  sum += a;
}

static void* read_by_getline(void* unused) {
  char* line = NULL;
  size_t room = 0;
  while (getline(&line, &room, from_pipe) != -1) check(line);
  free(line);
  return unused;
}

static void* read_by_fgets(void* unused) {
  char line[64];
  while (fgets(line, sizeof line, from_pipe) != NULL) check(line);
  return unused;
}

static void* read_by_getc(void* unused) {
  char line[64];
  for (int at = 0, c = 0; c != EOF; at = 0) {
    flockfile(from_pipe);
    while (at < 62 && (c = getc_unlocked(from_pipe)) != EOF && c != '\n') line[at++] = (char)c;
    funlockfile(from_pipe);
    line[at] = '\n';
    line[at + 1] = '\0';
    if (c != EOF) check(line);
  }
  return unused;
}

/* Each line in three pieces. */
static void* write_lines(void* unused) {
  for (int i = 1; i <= kLines; i++) {
    flockfile(to_pipe);
    fprintf(to_pipe, "%d ", i);
    if (i % 100 == 0) fflush(to_pipe);
    if (i % 500 == 0) usleep(1000);
    fprintf(to_pipe, "%d ", i);
    putc_unlocked('0' + i / 1000 % 10, to_pipe); /* leading digits */
    fprintf(to_pipe, "%03d\n", i % 1000);
    funlockfile(to_pipe);
  }
  return unused;
}

static void never_mix(void) {
  void* (*const bodies[kReaders])(void*) = {read_by_getline, read_by_fgets, read_by_getc};
  pthread_t readers[kReaders], writers[kWriters];
  open_pipe();
  for (int i = 0; i < kReaders; i++) readers[i] = start(bodies[i], NULL);
  for (int i = 0; i < kWriters; i++) writers[i] = start(write_lines, NULL);
  for (int i = 0; i < kWriters; i++) pthread_join(writers[i], NULL);
  SAY_NUMBER(fclose(to_pipe));
  for (int i = 0; i < kReaders; i++) pthread_join(readers[i], NULL);
  SAY_NUMBER(sum == kWriters * (long)kLines * (kLines + 1) / 2);
  SAY_NUMBER(broken);
  SAY_NUMBER(fclose(from_pipe));
}

/* -- flockfile -- */

static void* hold(void* unused) {
  flockfile(to_pipe);
  flockfile(to_pipe);
  sem_post(&reached);
  sem_wait(&go_on);
  funlockfile(to_pipe);
  fputs("by the holder\n", to_pipe);
  turns = 1;
  funlockfile(to_pipe);
  return unused;
}

static void* put_behind(void* unused) {
  sem_post(&reached);
  fputs("by who waited\n", to_pipe);
  SAY_NUMBER(turns);
  sem_post(&reached);
  return unused;
}

static void* spin_for_lock(void* unused) {
  sem_post(&reached);
  while (ftrylockfile(to_pipe) != 0) continue;
  SAY_NUMBER(turns);
  funlockfile(to_pipe);
  return unused;
}

static void who_holds(void* (*waits)(void*)) {
  char line[64];
  open_pipe();
  turns = 0;
  const pthread_t holder = start(hold, NULL);
  sem_wait(&reached);
  SAY_NUMBER(ftrylockfile(to_pipe) != 0);
  const pthread_t waiter = start(waits, NULL);
  sem_wait(&reached);
  usleep(10000); /* the process goes on meanwhile */
  SAY_NUMBER(turns);
  sem_post(&go_on);
  pthread_join(holder, NULL);
  pthread_join(waiter, NULL);
  SAY_NUMBER(ftrylockfile(to_pipe));
  SAY_NUMBER(ftrylockfile(to_pipe));
  funlockfile(to_pipe);
  funlockfile(to_pipe);
  fclose(to_pipe);
  while (fgets(line, sizeof line, from_pipe) != NULL) fputs(line, stdout);
  fclose(from_pipe);
  while (sem_trywait(&reached) == 0) continue;
}

/* -- whoever waits for a byte holds the FILE -- */

static void* get_byte(void* unused) {
  sem_post(&reached);
  const int c = fgetc(from_pipe);
  sem_wait(&go_on);
  printf("fgetc: %d\n", c);
  return unused;
}

static void finish_reader(pthread_t reader) {
  sem_post(&go_on);
  pthread_join(reader, NULL);
}

static void await_reader(void) {
  sem_wait(&reached);
  while (ftrylockfile(from_pipe) == 0) {
    funlockfile(from_pipe);
    usleep(500);
  }
}

static void readers_hold(void) {
  open_pipe();
  const pthread_t reader = start(get_byte, NULL);
  await_reader();
  SAY_NUMBER(ftrylockfile(from_pipe) != 0);
  fputc('x', to_pipe);
  SAY_NUMBER(fflush(to_pipe));
  finish_reader(reader);
  SAY_NUMBER(ftrylockfile(from_pipe));
  funlockfile(from_pipe);
}

/* A forked child finds no FILE locked. */
static void fork_while_read(void) {
  const pthread_t reader = start(get_byte, NULL);
  await_reader();
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    SAY_NUMBER(ftrylockfile(from_pipe));
    fputs("to the reader", to_pipe);
    SAY_NUMBER(fclose(to_pipe));
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  finish_reader(reader);
  SAY_NUMBER(status);
  fclose(from_pipe);
  fclose(to_pipe);
}

/* -- many for one -- */

static FILE* shared;

static void* take_turns(void* unused) {
  for (int i = 0; i < 5000; i++) {
    flockfile(shared);
    const int before = turns;
    if (i % 64 == 0) sched_yield();
    turns = before + 1;
    funlockfile(shared);
    fputs("x", shared);
  }
  return unused;
}

static void contend(void) {
  pthread_t threads[8];
  shared = tmpfile();
  turns = 0;
  for (int i = 0; i < 8; i++) threads[i] = start(take_turns, NULL);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  SAY_NUMBER(turns);
  SAY_NUMBER(ftell(shared));
  fclose(shared);
}

/* Cancelled, or at its end, while others want the FILE. */
static void* hold_cancelled(void* unused) {
  sem_post(&reached);
  fgetc(from_pipe);
  return unused;
}

static void cancel_holder(void) {
  open_pipe();
  const pthread_t holder = start(hold_cancelled, NULL);
  await_reader();
  const pthread_t next = start(get_byte, NULL);
  sem_wait(&reached);
  usleep(10000);
  pthread_cancel(holder);
  void* result = NULL;
  pthread_join(holder, &result);
  SAY_NUMBER(result == PTHREAD_CANCELED);
  fputc('y', to_pipe);
  fflush(to_pipe);
  finish_reader(next);
  fclose(from_pipe);
  fclose(to_pipe);
}

int main(void) {
  sem_init(&reached, 0, 0);
  sem_init(&go_on, 0, 0);
  puts("--- lines");
  never_mix();
  puts("--- one holds, one puts");
  who_holds(put_behind);
  puts("--- one holds, one tries");
  who_holds(spin_for_lock);
  puts("--- one reads");
  readers_hold();
  puts("--- a fork while one reads");
  fork_while_read();
  puts("--- many");
  contend();
  puts("--- the holder is cancelled");
  cancel_holder();
  return 0;
}
