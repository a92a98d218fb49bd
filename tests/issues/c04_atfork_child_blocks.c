/* An at-fork handler of the child makes calls that block: a look-up, fsync, a sleep, a thread. */
#include <netdb.h>

#include "check.h"

static int file;
static int calls;

static void* counts(void* unused) {
  calls++;
  return unused;
}

static void in_child(void) {
  struct addrinfo* found = NULL;
  alarm(5);
  CHECK(getaddrinfo("localhost", NULL, NULL, &found) == 0);
  freeaddrinfo(found);
  CHECK(write(file, "x", 1) == 1);
  CHECK(fsync(file) == 0);
  usleep(1000);
  join(start(counts, NULL));
  calls++;
}

static void* forks(void* unused) {
  const pid_t child = fork();
  if (child == 0) _exit(calls);
  expect_exit(child, 2);
  return unused;
}

int main(void) {
  char name[] = "/tmp/weft_fsync_XXXXXX";
  alarm(20);
  file = mkstemp(name);
  CHECK(file >= 0);
  unlink(name);
  CHECK(pthread_atfork(NULL, NULL, in_child) == 0);
  forks(NULL);
  for (int i = 0; i < 10; i++) join(start(forks, NULL));
  return 0;
}
