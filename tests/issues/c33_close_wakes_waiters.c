/* Threads wait on a descriptor that another thread closes: all of them end with EBADF, and whoever
 * gets the number next never wakes, nor feeds, one of them. Natively they would wait on. */
#include <poll.h>

#include "check.h"

enum { kEach = 5, kRounds = 20 };

static int watched;

static void* receives(void* unused) {
  char byte;
  CHECK(recv(watched, &byte, 1, 0) == -1 && errno == EBADF);
  return unused;
}

static void* accepts(void* unused) {
  CHECK(accept(watched, NULL, NULL) == -1 && errno == EBADF);
  return unused;
}

static void* polls(void* unused) {
  struct pollfd entry = {.fd = watched, .events = POLLIN};
  CHECK(poll(&entry, 1, -1) == 1 && entry.revents == POLLNVAL);
  return unused;
}

/* The number is used again at once, by a socket that has data. */
static void close_under(void* (*first)(void*), void* (*second)(void*)) {
  pthread_t threads[2 * kEach];
  int ends[2];
  const int number = watched;
  for (int i = 0; i < kEach; i++) {
    threads[2 * i] = start(first, NULL);
    threads[2 * i + 1] = start(second, NULL);
  }
  nap_ms(5);
  CHECK(close(watched) == 0);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  CHECK(ends[0] == number);
  CHECK(write(ends[1], "x", 1) == 1);
  for (int i = 0; i < 2 * kEach; i++) join(threads[i]);
  char byte = 0;
  CHECK(recv(ends[0], &byte, 1, MSG_DONTWAIT) == 1 && byte == 'x');
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  struct sockaddr_in address;
  alarm(20);
  for (int i = 0; i < kRounds; i++) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    watched = ends[0];
    close_under(receives, polls);
    close(ends[1]);
    watched = listen_at(&address);
    close_under(accepts, polls);
  }
  return 0;
}
