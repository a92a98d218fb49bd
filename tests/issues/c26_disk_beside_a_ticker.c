/* Threads write, sync and read files while another one ticks every 10 ms; and threads that wait for
 * pipes cost nothing. */
#include <fcntl.h>
#include <stdatomic.h>

#include "check.h"

enum { kTicks = 50, kSize = 1 << 20, kPipes = 100 };

static atomic_int stop;

static void* uses_disk(void* unused) {
  char name[] = "/tmp/weft_disk_XXXXXX";
  char* const data = calloc(1, kSize);
  const int file = mkstemp(name);
  CHECK(file >= 0);
  unlink(name);
  while (!atomic_load(&stop)) {
    CHECK(pwrite(file, data, kSize, 0) == kSize);
    CHECK(fsync(file) == 0);
    CHECK(pread(file, data, kSize, 0) == kSize);
  }
  close(file);
  free(data);
  return unused;
}

static int by_value(const void* a, const void* b) {
  const double difference = *(const double*)a - *(const double*)b;
  return (difference > 0) - (difference < 0);
}

/* The moments of the ticks are far enough from each other that nobody has to catch up. */
static void* ticks(void* unused) {
  static double late[kTicks];
  for (int i = 0; i < kTicks; i++) {
    const double due = seconds_now() + 0.01;
    nap_ms(10);
    late[i] = seconds_now() - due;
    CHECK(late[i] >= 0);
  }
  qsort(late, kTicks, sizeof late[0], by_value);
  printf("median %.1f ms late, worst %.1f\n", late[kTicks / 2] * 1e3, late[kTicks - 1] * 1e3);
  CHECK(late[kTicks / 2] < 0.005);
  CHECK(late[kTicks * 9 / 10] < 0.02); /* not the worst: other programs use the machine, too */
  return unused;
}

static void* reads_pipe(void* argument) {
  char byte;
  const int end = *(int*)argument;
  CHECK(read(end, &byte, 1) == 1);
  return NULL;
}

static void beside_pipes(void) {
  static int ends[kPipes][2];
  pthread_t threads[kPipes];
  for (int i = 0; i < kPipes; i++) {
    CHECK(pipe(ends[i]) == 0);
    threads[i] = start(reads_pipe, &ends[i][0]);
  }
  join(start(ticks, NULL));
  for (int i = 0; i < kPipes; i++) CHECK(write(ends[i][1], "x", 1) == 1);
  for (int i = 0; i < kPipes; i++) join(threads[i]);
}

int main(void) {
  pthread_t threads[4];
  alarm(20);
  beside_pipes();
  for (int i = 0; i < 4; i++) threads[i] = start(uses_disk, NULL);
  join(start(ticks, NULL));
  atomic_store(&stop, 1);
  for (int i = 0; i < 4; i++) join(threads[i]);
  return 0;
}
