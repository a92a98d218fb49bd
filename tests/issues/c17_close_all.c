/* A program closes all descriptors that it does not know, in each of the usual ways; its threads
 * and sockets work on. */
#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>

#include "check.h"

static void* sleeps(void* unused) {
  nap_ms(50);
  return unused;
}

static void by_loop(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  for (int fd = 3; fd < (int)limit.rlim_cur; fd++) close(fd);
}

static void by_range(void) { CHECK(close_range(3, ~0U, 0) == 0); }

static void by_closefrom(void) { closefrom(3); }

static void by_dup2(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  for (int fd = 3; fd < (int)limit.rlim_cur; fd++)
    if (dup2(2, fd) == fd) close(fd);
}

static void expect_all_works(void) {
  struct addrinfo* found = NULL;
  expect_echo_works();
  CHECK(getaddrinfo("localhost", NULL, NULL, &found) == 0);
  freeaddrinfo(found);
  join(start(sleeps, NULL));
  const int lowest = open("/dev/null", O_RDONLY);
  CHECK(lowest == 3);
  close(lowest);
}

/* In a child, since a daemon's parent ends. */
static void as_daemon(void) {
  int report[2];
  char byte = 0;
  CHECK(pipe(report) == 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    close(report[0]);
    CHECK(daemon(0, 1) == 0);
    CHECK(dup2(report[1], 1) == 1);
    by_range();
    expect_all_works();
    CHECK(write(1, "x", 1) == 1);
    _exit(0);
  }
  close(report[1]);
  expect_exit(child, 0);
  CHECK(read(report[0], &byte, 1) == 1);
  close(report[0]);
}

int main(void) {
  const struct rlimit limit = {2048, 2048};
  alarm(20);
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const pthread_t sleeper = start(sleeps, NULL);
  by_loop();
  expect_all_works();
  by_range();
  expect_all_works();
  by_closefrom();
  expect_all_works();
  by_dup2();
  expect_all_works();
  as_daemon();
  join(sleeper);
  return 0;
}
