/* Threads wait in what _FORTIFY_SOURCE makes of calls, which have other names in libc. */
#include <poll.h>

#include "check.h"

enum { kCalls = 9 };

static int pairs[kCalls][2];
static volatile size_t one = 1; /* so that the length is not known at compile time */
static char texts[kCalls][8];

static void call(int which, int fd, char* text) {
  struct pollfd look[2] = {{fd, POLLIN, 0}, {-1, 0, 0}};
  const nfds_t count = (nfds_t)one;
  FILE* file = NULL;
  char buffer[8] = "";
  switch (which) {
    case 0:
      CHECK(read(fd, buffer, one) == 1);
      break;
    case 1:
      CHECK(recv(fd, buffer, one, 0) == 1);
      break;
    case 2:
      CHECK(recvfrom(fd, buffer, one, 0, NULL, NULL) == 1);
      break;
    case 3:
      CHECK(poll(look, count, -1) == 1);
      break;
    case 4:
      CHECK(ppoll(look, count, NULL, NULL) == 1);
      break;
    case 5:
      CHECK((file = fdopen(fd, "r")) != NULL);
      CHECK(fgets(buffer, (int)one + 1, file) == buffer);
      break;
    case 6:
      CHECK((file = fdopen(fd, "r")) != NULL);
      CHECK(fread(buffer, one, 1, file) == 1);
      break;
    case 7: /* into what is full */
      while (send(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
      }
      CHECK((file = fdopen(fd, "w")) != NULL);
      CHECK(setvbuf(file, NULL, _IONBF, 0) == 0);
      CHECK(fprintf(file, "%d", which) == 1);
      CHECK(fclose(file) == 0);
      break;
    default: {
      fd_set set;
      struct timeval limit = {20, 0};
      FD_ZERO(&set);
      FD_SET(fd, &set);
      CHECK(select(fd + 1, &set, NULL, NULL, &limit) == 1);
    }
  }
  memcpy(text, buffer, sizeof buffer);
}

static void* calls(void* argument) {
  const int which = (int)(long)argument;
  call(which, pairs[which][0], texts[which]);
  return NULL;
}

int main(void) {
  pthread_t threads[kCalls];
  char drained[4096];
  alarm(30);
  for (int i = 0; i < kCalls; i++) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) == 0);
    threads[i] = start(calls, (void*)(long)i);
  }
  nap_ms(700); /* several slices, in which the monitor sees who waits otherwise than by parking */
  for (int i = 0; i < kCalls; i++) {
    CHECK(write(pairs[i][1], "x", 1) == 1);
    while (i == 7 && read(pairs[i][1], drained, sizeof drained) > 0) {
    }
    join(threads[i]);
  }
  puts("fine");
  return 0;
}
