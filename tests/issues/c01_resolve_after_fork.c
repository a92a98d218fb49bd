/* A child of fork looks up a name and connects, after its parent has looked names up in threads. */
#include <netdb.h>

#include "check.h"

enum { kChildren = 100 };

static struct sockaddr_in address;
static int listener;

static struct addrinfo* look_up(void) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo* found = NULL;
  char port[8];
  snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
  CHECK(getaddrinfo("localhost", port, &hints, &found) == 0);
  return found;
}

static void* looks_up(void* unused) {
  freeaddrinfo(look_up());
  return unused;
}

static void* accepts(void* unused) {
  for (int i = 0; i < kChildren; i++) {
    const int fd = accept(listener, NULL, NULL);
    CHECK(fd >= 0);
    CHECK(write(fd, "x", 1) == 1);
    close(fd);
  }
  return unused;
}

static void in_child(void) {
  char byte;
  alarm(2);
  struct addrinfo* found = look_up();
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(fd, found->ai_addr, found->ai_addrlen) == 0);
  CHECK(read(fd, &byte, 1) == 1);
  _exit(0);
}

int main(void) {
  pthread_t resolvers[4];
  alarm(20);
  listener = listen_at(&address);
  for (int i = 0; i < 4; i++) resolvers[i] = start(looks_up, NULL);
  for (int i = 0; i < 4; i++) join(resolvers[i]);
  const pthread_t server = start(accepts, NULL);
  for (int i = 0; i < kChildren; i++) {
    const pid_t child = fork();
    if (child == 0) in_child();
    expect_exit(child, 0);
  }
  join(server);
  return 0;
}
