/* A child is killed while its own child holds the pipe to the parent: the parent's read goes on
 * until that one has ended too, as natively, and other threads go on meanwhile. */
#include <poll.h>
#include <signal.h>

#include "check.h"

static int gate[2];

static void* reads_until_end(void* out) {
  char text[16];
  ssize_t size;
  ssize_t total = 0;
  while ((size = read(*(int*)out, text, sizeof text)) > 0) total += size;
  CHECK(size == 0);
  CHECK(total == 5);
  return NULL;
}

static void in_child(int out) {
  char byte;
  close(gate[1]);
  const pid_t grandchild = fork();
  if (grandchild == 0) {
    CHECK(write(out, "alive", 5) == 5);
    while (read(gate[0], &byte, 1) != 0) continue;
    _exit(0);
  }
  for (;;) pause();
}

int main(void) {
  int out[2];
  int status = 0;
  alarm(20);
  CHECK(pipe(gate) == 0);
  CHECK(pipe(out) == 0);
  const pid_t child = fork();
  if (child == 0) in_child(out[1]);
  close(out[1]);
  struct pollfd entry = {.fd = out[0], .events = POLLIN};
  CHECK(poll(&entry, 1, -1) == 1); /* the grandchild is there */
  const pthread_t reader = start(reads_until_end, &out[0]);
  CHECK(kill(child, SIGKILL) == 0);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  nap_ms(50);
  CHECK(pthread_tryjoin_np(reader, NULL) == EBUSY);
  expect_echo_works();
  close(gate[1]);
  join(reader);
  return 0;
}
