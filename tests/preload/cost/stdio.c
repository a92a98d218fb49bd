/* stdio.c: what stdio costs under `weft run` where it need not wait, beside libc's own in the same
 * process: as a ratio, the median of rounds that alternate. Fails above the limits below.
 *
 *   stdio         measures
 *   stdio calls   puts into buffers only, between two calls of getppid(): see stdio.sh */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "median.h"

enum { kRounds = 15, kCalls = 200000, kBuffer = 1 << 16 };

struct functions {
  int (*fprintf)(FILE*, const char*, ...);
  int (*fputs)(const char*, FILE*);
  int (*fputc)(int, FILE*);
  int (*fgetc)(FILE*);
};

static struct functions weft = {fprintf, fputs, fputc, fgetc};
static struct functions libc;
static FILE* to_file;
static FILE* to_pipe;
static FILE* from_pipe;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The buffer is emptied before it is full: nothing is ever written. */
static void print(const struct functions* f, FILE* file) {
  for (int i = 0; i < kCalls; i++) {
    if (i % 1000 == 0) __fpurge(file);
    f->fprintf(file, "%d %s\n", i, "of many");
  }
}

static void print_to_file(const struct functions* f) { print(f, to_file); }
static void print_to_pipe(const struct functions* f) { print(f, to_pipe); }

static void put_text(const struct functions* f) {
  for (int i = 0; i < kCalls; i++) {
    if (i % 1000 == 0) __fpurge(to_pipe);
    f->fputs("a line of some length that is put\n", to_pipe);
  }
}

static void put_byte(const struct functions* f) {
  for (int i = 0; i < kCalls; i++) {
    if (i % 1000 == 0) __fpurge(to_pipe);
    f->fputc('c', to_pipe);
  }
}

/* The pipe is filled again now and then: that is little beside so many calls. */
static void get_byte(const struct functions* f) {
  static char bytes[kCalls / 4];
  for (int i = 0; i < kCalls; i++) {
    if (i % (kCalls / 4) == 0 && write(fileno(to_pipe), bytes, sizeof bytes) != sizeof bytes)
      abort();
    if (f->fgetc(from_pipe) == EOF) abort();
  }
}

static double measure(void (*work)(const struct functions*), const struct functions* f) {
  const double start = now();
  work(f);
  return (now() - start) / kCalls * 1e9;
}

static int compare(const char* what, void (*work)(const struct functions*), double most) {
  double ours[kRounds], theirs[kRounds], ratios[kRounds];
  for (int i = 0; i < kRounds; i++) {
    theirs[i] = measure(work, &libc);
    ours[i] = measure(work, &weft);
    ratios[i] = ours[i] / theirs[i];
  }
  const double ratio = median(ratios, kRounds);
  printf("%s: weft %.1f ns, libc %.1f ns, ratio %.3f, at most %.2f\n", what, median(ours, kRounds),
         median(theirs, kRounds), ratio, most);
  return ratio <= most;
}

static FILE* buffered(FILE* file) {
  static char buffers[3][kBuffer];
  static int used;
  if (file == NULL || setvbuf(file, buffers[used++], _IOFBF, kBuffer) != 0) abort();
  return file;
}

static void open_files(void) {
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "xy", 2) != 2) abort();
  to_file = buffered(tmpfile());
  to_pipe = buffered(fdopen(ends[1], "w"));
  from_pipe = buffered(fdopen(ends[0], "r"));
  /* libc has its buffers from the first byte on. */
  if (fputc('x', to_file) == EOF || fputc('x', to_pipe) == EOF || fgetc(from_pipe) == EOF) abort();
}

static sem_t end;

static void* waits(void* unused) {
  sem_wait(&end);
  return unused;
}

static int measure_all(void) {
  void* const handle = dlopen("libc.so.6", RTLD_NOW);
  if (handle == NULL) return 2;
  *(void**)&libc.fprintf = dlsym(handle, "fprintf");
  *(void**)&libc.fputs = dlsym(handle, "fputs");
  *(void**)&libc.fputc = dlsym(handle, "fputc");
  *(void**)&libc.fgetc = dlsym(handle, "fgetc");
  if (libc.fprintf == weft.fprintf) {
    puts("not under weft: the functions are the same");
    return 2;
  }
  int good = compare("fprintf to a file", print_to_file, 1.3);
  good &= compare("fprintf to a pipe", print_to_pipe, 1.3);
  good &= compare("fputs to a pipe", put_text, 1.5);
  good &= compare("fputc to a pipe", put_byte, 1.5);
  good &= compare("fgetc from a pipe", get_byte, 1.5);
  return good ? 0 : 1;
}

static int only_buffer(void) {
  getppid();
  for (int i = 0; i < 100; i++) {
    fprintf(to_file, "%d of many\n", i);
    fprintf(to_pipe, "%d of many\n", i);
    fputs("a line\n", to_pipe);
    fwrite("abc", 1, 3, to_pipe);
    fputc('c', to_pipe);
    ungetc(fgetc(from_pipe), from_pipe);
  }
  getppid();
  return 0;
}

int main(int count, char** arguments) {
  /* With a second thread calls may park. */
  pthread_t thread;
  sem_init(&end, 0, 0);
  if (pthread_create(&thread, NULL, waits, NULL) != 0) return 2;
  open_files();
  const int status =
      count > 1 && strcmp(arguments[1], "calls") == 0 ? only_buffer() : measure_all();
  sem_post(&end);
  pthread_join(thread, NULL);
  return status;
}
