/* While threads read and write descriptors that another process shares, that process never sees
 * O_NONBLOCK on them, and its own calls wait. */
#include <fcntl.h>

#include "check.h"

enum { kKinds = 3, kRounds = 300 };

static int inputs[kKinds];
static int outputs[kKinds];

static void* reads(void* argument) {
  const long kind = (long)argument;
  char byte;
  for (int i = 0; i < kRounds; i++) CHECK(read(inputs[kind], &byte, 1) == 1);
  return NULL;
}

static void* writes(void* argument) {
  const long kind = (long)argument;
  for (int i = 0; i < kRounds; i++) {
    CHECK(write(outputs[kind], "x", 1) == 1);
    usleep(100);
  }
  return NULL;
}

static void expect_blocking(void) {
  for (int kind = 0; kind < kKinds; kind++) {
    CHECK((fcntl(inputs[kind], F_GETFL) & O_NONBLOCK) == 0);
    CHECK((fcntl(outputs[kind], F_GETFL) & O_NONBLOCK) == 0);
  }
}

static void looks_on(int stop) {
  char byte;
  const int flags = fcntl(stop, F_GETFL);
  fcntl(stop, F_SETFL, flags | O_NONBLOCK);
  while (read(stop, &byte, 1) != 0) expect_blocking();
  _exit(0);
}

int main(void) {
  int ends[2];
  int stop[2];
  pthread_t threads[2 * kKinds];
  alarm(20);
  CHECK(pipe(ends) == 0);
  inputs[0] = ends[0];
  outputs[0] = ends[1];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  inputs[1] = ends[0];
  outputs[1] = ends[1];
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  inputs[2] = ends[0];
  outputs[2] = ends[1];
  CHECK(pipe(stop) == 0);
  const pid_t child = fork();
  if (child == 0) {
    close(stop[1]);
    looks_on(stop[0]);
  }
  for (long kind = 0; kind < kKinds; kind++) {
    threads[2 * kind] = start(reads, (void*)kind);
    threads[2 * kind + 1] = start(writes, (void*)kind);
  }
  for (int i = 0; i < 2 * kKinds; i++) join(threads[i]);
  close(stop[1]);
  expect_exit(child, 0);
  expect_blocking();
  const pid_t shell = fork(); /* a program that knows nothing of all this: its read waits */
  if (shell == 0) {
    dup2(inputs[0], 0);
    execl("/bin/sh", "sh", "-c", "read line && test \"$line\" = late", (char*)NULL);
    _exit(127);
  }
  nap_ms(20);
  CHECK(write(outputs[0], "late\n", 5) == 5);
  expect_exit(shell, 0);
  return 0;
}
