/* Threads that wait in stdio, for bytes, for room and for each other, hold no kernel thread: a
 * thousand of them need no more than the limit in WEFT_MAX_THREADS. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kReaders = 900, kWriters = 50, kWaiters = 50, kBytes = 1 << 20 };

static int pairs[kReaders + kWriters][2];
static sem_t begun;
static atomic_int good;
static char bytes[kBytes];

static FILE* open_end(int number, const char* mode) {
  FILE* file = fdopen(pairs[number][0], mode);
  if (file == NULL) abort();
  return file;
}

/* "NUMBER 12345678\n", in pieces. */
static void* reads(void* argument) {
  const int number = (int)(long)argument;
  FILE* file = open_end(number, "r");
  char line[32] = "";
  char* grown = NULL;
  size_t room = 0;
  int first = -1, second = 0;
  sem_post(&begun);
  switch (number % 4) {
    case 0:
      if (getline(&grown, &room, file) > 0) sscanf(grown, "%d %d", &first, &second);
      break;
    case 1:
      if (fgets(line, sizeof line, file) != NULL) sscanf(line, "%d %d", &first, &second);
      break;
    case 2:
      if (fscanf(file, "%d %d", &first, &second) != 2) first = -1;
      break;
    default:
      if (fread(line, 1, 13, file) == 13) sscanf(line, "%d %d", &first, &second);
  }
  good += first == number && second == 12345678;
  free(grown);
  fclose(file);
  return NULL;
}

static void* writes(void* argument) {
  const int number = (int)(long)argument;
  FILE* file = open_end(number, "w");
  sem_post(&begun);
  if (number % 2 == 0)
    good += fwrite(bytes, 1, sizeof bytes, file) == sizeof bytes;
  else
    good += dprintf(fileno(file), "%.*s", kBytes, bytes) == kBytes;
  fclose(file);
  return NULL;
}

static void* waits(void* file) {
  sem_post(&begun);
  good += fputs("x", file) >= 0;
  return NULL;
}

static void answer(int number, int part) {
  char line[32];
  const size_t length = (size_t)snprintf(line, sizeof line, "%04d 12345678\n", number);
  const size_t half = length / 2;
  if (write(pairs[number][1], line + (part == 0 ? 0 : half), part == 0 ? half : length - half) < 0)
    abort();
}

static void empty(int number) {
  static char piece[1 << 16];
  while (read(pairs[number][1], piece, sizeof piece) > 0) continue;
}

int main(void) {
  static pthread_t threads[kReaders + kWriters + kWaiters];
  const struct rlimit files = {4096, 4096};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) abort();
  memset(bytes, 'b', sizeof bytes);
  sem_init(&begun, 0, 0);
  FILE* shared = tmpfile();
  flockfile(shared);
  const int count = sizeof threads / sizeof *threads;
  for (int i = 0; i < kReaders + kWriters; i++) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) != 0) abort();
  }
  for (int i = 0; i < count; i++) {
    void* argument = i < kReaders + kWriters ? (void*)(long)i : shared;
    if (pthread_create(&threads[i], NULL,
                       i < kReaders              ? reads
                       : i < kReaders + kWriters ? writes
                                                 : waits,
                       argument) != 0)
      abort();
  }
  for (int i = 0; i < count; i++) sem_wait(&begun);
  for (int part = 0; part < 2; part++) {
    for (int i = 0; i < kReaders; i++) answer(i, part);
    usleep(30000); /* longer than what a call may hold its worker for */
  }
  for (int i = kReaders; i < kReaders + kWriters; i++) empty(i);
  funlockfile(shared);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  printf("%d of %d\n", good, count);
  return 0;
}
