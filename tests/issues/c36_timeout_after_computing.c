/* A timeout begins when the call does, however long the thread has computed before. */
#include <poll.h>
#include <sys/time.h>

#include "check.h"

static int fd;

static double after_computing(void) {
  const double begin = seconds_now();
  while (seconds_now() - begin < 0.2) continue;
  return seconds_now();
}

static void* waits(void* unused) {
  char byte;
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  double begin = after_computing();
  CHECK(recv(fd, &byte, 1, 0) == -1 && errno == EAGAIN);
  CHECK(seconds_now() - begin >= 0.1 && seconds_now() - begin < 1);
  begin = after_computing();
  CHECK(poll(&entry, 1, 100) == 0);
  CHECK(seconds_now() - begin >= 0.1 && seconds_now() - begin < 1);
  begin = after_computing();
  nap_ms(100);
  CHECK(seconds_now() - begin >= 0.1 && seconds_now() - begin < 1);
  return unused;
}

int main(void) {
  const struct timeval timeout = {0, 100000};
  int ends[2];
  alarm(20);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  fd = ends[0];
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
  const pthread_t other = start(waits, NULL);
  waits(NULL);
  join(other);
  return 0;
}
