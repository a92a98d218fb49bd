/* A thread waits for a child that ends only after other threads have got a thousand answers. */
#include "check.h"

static void* waits(void* child) {
  expect_exit(*(pid_t*)child, 0);
  return NULL;
}

int main(void) {
  int gate[2];
  int ends[2];
  char byte;
  alarm(20);
  CHECK(pipe(gate) == 0);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  pid_t child = fork();
  if (child == 0) {
    close(gate[1]);
    _exit((int)read(gate[0], &byte, 1)); /* until the parent closes its end */
  }
  const pthread_t waiter = start(waits, &child);
  const pthread_t server = start(echo_bytes, &ends[1]);
  ask_echo(ends[0], 1000);
  CHECK(pthread_tryjoin_np(waiter, NULL) == EBUSY);
  close(gate[1]);
  join(waiter);
  shutdown(ends[0], SHUT_WR);
  join(server);
  return 0;
}
