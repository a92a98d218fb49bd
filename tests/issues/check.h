/* check.h: what the programs of this folder share: a check that ends the program, threads, sockets
 * of loopback, and time. */
#ifndef WEFT_TESTS_ISSUES_CHECK_H
#define WEFT_TESTS_ISSUES_CHECK_H
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      const int check_error = errno;                                                    \
      fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #condition, \
              check_error);                                                             \
      _exit(1);                                                                         \
    }                                                                                   \
  } while (0)

static inline double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline void nap_ms(long ms) {
  const struct timespec length = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&length, NULL);
}

static inline pthread_t start(void* (*body)(void*), void* argument) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, body, argument) == 0);
  return thread;
}

static inline void join(pthread_t thread) { CHECK(pthread_join(thread, NULL) == 0); }

/* Waits for a child that has to exit with `status`. */
static inline void expect_exit(pid_t child, int status) {
  int got = -1;
  CHECK(waitpid(child, &got, 0) == child);
  CHECK(WIFEXITED(got));
  CHECK(WEXITSTATUS(got) == status);
}

/* A listening TCP socket of loopback, on any port. */
static inline int listen_at(struct sockaddr_in* address) {
  socklen_t size = sizeof *address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(listener, (struct sockaddr*)address, sizeof *address) == 0);
  CHECK(getsockname(listener, (struct sockaddr*)address, &size) == 0);
  CHECK(listen(listener, 128) == 0);
  return listener;
}

static inline int connect_to(const struct sockaddr_in* address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(fd, (const struct sockaddr*)address, sizeof *address) == 0);
  return fd;
}

/* The body of a thread that sends back each byte that comes at the descriptor `argument`. */
static inline void* echo_bytes(void* argument) {
  const int fd = *(int*)argument;
  char byte;
  while (read(fd, &byte, 1) == 1) CHECK(write(fd, &byte, 1) == 1);
  return NULL;
}

static inline void ask_echo(int fd, int requests) {
  for (int i = 0; i < requests; i++) {
    const char byte = (char)i;
    char answer = 0;
    CHECK(write(fd, &byte, 1) == 1);
    CHECK(read(fd, &answer, 1) == 1);
    CHECK(answer == byte);
  }
}

/* An echo over a TCP connection of loopback works, with a thread on its other side. */
static inline void expect_echo_works(void) {
  struct sockaddr_in address;
  const int listener = listen_at(&address);
  const int client = connect_to(&address);
  int server = accept(listener, NULL, NULL);
  CHECK(server >= 0);
  const pthread_t thread = start(echo_bytes, &server);
  ask_echo(client, 10);
  CHECK(shutdown(client, SHUT_WR) == 0);
  join(thread);
  close(client);
  close(server);
  close(listener);
}

#endif
