/* A program with one thread that makes system calls of many kinds, most of which weft replaces.
 *
 * It does its work twice. Two calls of getppid() mark the second time. What it does is the same in
 * each run: no addresses chosen by the kernel but those of its own buffers, no memory from malloc.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static char buffer[64];
static int failures;

static void expect(long result, long expected) { failures += result != expected; }

static void use_file(void) {
  struct stat status;
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  expect(fstat(fd, &status), 0);
  expect(read(fd, buffer, 4), 4);
  expect(pread(fd, buffer, 4, 0), 4);
  expect(lseek(fd, 0, SEEK_SET), 0);
  expect(close(fd), 0);
}

static void use_pipe(void) {
  int ends[2];
  struct iovec parts[2] = {{buffer, 2}, {buffer + 2, 2}};
  expect(pipe2(ends, O_CLOEXEC), 0);
  expect(write(ends[1], "data", 4), 4);
  expect(readv(ends[0], parts, 2), 4);
  expect(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  expect(read(ends[0], buffer, 1), -1);
  const int copy = dup(ends[1]);
  expect(close(ends[1]), 0);
  expect(close(copy), 0);
  expect(close(ends[0]), 0);
}

static void use_sockets(void) {
  int ends[2];
  struct sockaddr_in address = {.sin_family = AF_INET};
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  expect(bind(listener, (struct sockaddr*)&address, sizeof address), 0);
  expect(listen(listener, 1), 0);
  expect(close(listener), 0);
  expect(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  expect(send(ends[0], "data", 4, MSG_NOSIGNAL), 4);
  expect(recv(ends[1], buffer, sizeof buffer, 0), 4);
  expect(shutdown(ends[0], SHUT_WR), 0);
  expect(recv(ends[1], buffer, sizeof buffer, 0), 0);
  expect(close(ends[0]), 0);
  expect(close(ends[1]), 0);
}

static void wait_for_events(void) {
  int ends[2];
  fd_set set;
  struct timeval no_time = {0, 0};
  struct epoll_event event = {.events = EPOLLIN};
  expect(pipe(ends), 0);
  struct pollfd entry = {.fd = ends[0], .events = POLLIN};
  FD_ZERO(&set);
  FD_SET(ends[0], &set);
  expect(poll(&entry, 1, 5), 0);
  expect(select(ends[0] + 1, &set, NULL, NULL, &no_time), 0);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  expect(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), 0);
  expect(epoll_wait(epoll, &event, 1, 5), 0);
  expect(write(ends[1], "x", 1), 1);
  expect(poll(&entry, 1, -1), 1);
  expect(epoll_wait(epoll, &event, 1, -1), 1);
  expect(close(epoll), 0);
  expect(close(ends[0]), 0);
  expect(close(ends[1]), 0);
}

static void let_time_pass(void) {
  const struct timespec millisecond = {0, 1000000};
  expect(nanosleep(&millisecond, NULL), 0);
  expect(clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL), 0);
  expect(usleep(1000), 0);
}

/* No thread waits, so none of this enters the kernel. */
static void use_mutex(void) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  expect(pthread_mutex_lock(&mutex), 0);
  expect(pthread_cond_signal(&condition), 0);
  expect(pthread_mutex_unlock(&mutex), 0);
}

static void use_signals(void) {
  sigset_t none;
  sigset_t old;
  sigemptyset(&none);
  expect(pthread_sigmask(SIG_BLOCK, &none, &old), 0);
  expect(signal(SIGUSR1, SIG_IGN) != SIG_ERR, 1);
  expect(raise(SIGUSR1), 0);
}

static void work(void) {
  use_file();
  use_pipe();
  use_sockets();
  wait_for_events();
  let_time_pass();
  use_mutex();
  use_signals();
}

int main(void) {
  work(); /* what weft does the first time counts as its start */
  getppid();
  work();
  getppid();
  if (failures > 0) fprintf(stderr, "calls: %d wrong results\n", failures);
  return failures > 0;
}
