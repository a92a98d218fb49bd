/* An echo server as a textbook writes it: blocking calls, one thread per connection.
 *
 * It knows nothing of weft and is not linked to it. Run it both ways:
 *
 *     echo_threads 0                # a kernel thread per connection
 *     weft run echo_threads 0      # a fiber per connection
 *
 * Usage: echo_threads [PORT]; port 0 (the default) takes any free one. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

static void* serve(void* argument) {
  const int fd = (int)(intptr_t)argument;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || write_all(fd, buffer, (size_t)n) != 0) break;
  }
  close(fd);
  return NULL;
}

/* Ten thousand connections need as many descriptors; the usual soft limit is 1024. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) perror("echo_threads: setrlimit");
}

static int listen_on(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  socklen_t length = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
      bind(fd, (struct sockaddr*)&address, length) != 0 || listen(fd, 4096) != 0 ||
      getsockname(fd, (struct sockaddr*)&address, &length) != 0) {
    perror("echo_threads: listen");
    exit(1);
  }
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void start_thread(pthread_attr_t* detached, int fd) {
  pthread_t thread;
  const int error = pthread_create(&thread, detached, serve, (void*)(intptr_t)fd);
  if (error != 0) {
    fprintf(stderr, "echo_threads: pthread_create: %s\n", strerror(error));
    close(fd);
  }
}

int main(int argc, char** argv) {
  const long port = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
  if (argc > 2 || port < 0 || port > 65535) {
    fprintf(stderr, "usage: echo_threads [PORT]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  const int listener = listen_on((uint16_t)port);
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  for (;;) {
    const int fd = accept(listener, NULL, NULL);
    const int one = 1;
    if (fd < 0) {
      if (errno != EINTR && errno != ECONNABORTED) perror("echo_threads: accept");
      if (errno == EMFILE || errno == ENFILE) usleep(10000); /* wait for one to be closed */
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    start_thread(&detached, fd);
  }
}
