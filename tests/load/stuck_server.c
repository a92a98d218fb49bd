/* An echo server, one of whose threads gets stuck in a way that no library can see.
 *
 *     stuck_server HOW SECONDS <TRIGGER
 *
 * It serves as samples/echo_threads.c does, whose main() is compiled as echo_main(), on any free
 * port. Like it, it knows nothing of weft. HOW is one of:
 *
 *     spin      computes
 *     syscall   blocks in a system call that is made without libc
 *     flock     blocks in flock(), for a lock that a child process holds
 *     stdio     blocks in fgetc(), whose read() is libc's own
 *     fsync     writes to a file and calls fsync(), again and again
 *
 * The thread waits for a line on standard input before, and prints then that it is stuck, and
 * SECONDS after the server's start that it is not any longer. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int echo_main(int argc, char** argv);

static double end;  /* of being stuck */
static int file;    /* which the child has locked, through a descriptor of its own */
static int held[2]; /* a pipe, whose end for writing only the child has */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void spin(void) {
  while (now() < end) continue;
}

static void blocking_syscall(void) {
#ifdef __x86_64__
  char byte;
  long result = SYS_read;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"((long)held[0]), "S"(&byte), "d"(1L)
                   : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  char byte;
  register long number __asm__("x8") = SYS_read;
  register long result __asm__("x0") = held[0];
  register char* buffer __asm__("x1") = &byte;
  register long size __asm__("x2") = 1;
  __asm__ volatile("svc 0" : "+r"(result) : "r"(number), "r"(buffer), "r"(size) : "memory");
#endif
  if (result != 0) fprintf(stderr, "stuck_server: read returned %ld\n", result);
}

static void wait_for_lock(void) {
  if (flock(file, LOCK_EX) != 0) perror("stuck_server: flock");
}

static void wait_for_character(void) {
  FILE* const stream = fdopen(held[0], "r");
  if (fgetc(stream) != EOF) fputs("stuck_server: fgetc found a character\n", stderr);
}

static void write_and_sync(void) {
  while (now() < end) {
    if (pwrite(file, "data", 4, 0) != 4 || fsync(file) != 0) perror("stuck_server: fsync");
  }
}

static const struct Way {
  const char* name;
  void (*run)(void);
} ways[] = {
    {"spin", spin},
    {"syscall", blocking_syscall},
    {"flock", wait_for_lock},
    {"stdio", wait_for_character},
    {"fsync", write_and_sync},
};

static void* get_stuck(void* argument) {
  const struct Way* const way = argument;
  char line[80];
  if (read(STDIN_FILENO, line, sizeof line) <= 0) return NULL;
  const double begin = now();
  printf("stuck: %s\n", way->name);
  fflush(stdout);
  way->run();
  printf("free again after %.1f s\n", now() - begin);
  fflush(stdout);
  return NULL;
}

/* The child: keeps the lock and the pipe until `end`, or until the server ends. */
static void hold(const char* path, int ready) {
  const int fd = open(path, O_RDWR);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (flock(fd, LOCK_EX) != 0 || write(ready, "", 1) != 1) _exit(1);
  close(ready);
  while (now() < end) sleep(1);
  _exit(0);
}

static int start_holder(void) {
  char path[] = "stuck_server.XXXXXX"; /* not in /tmp, which may be memory: fsync shall take time */
  int ready[2];
  char byte;
  file = mkstemp(path);
  if (file < 0 || pipe(held) != 0 || pipe(ready) != 0) return -1;
  const pid_t pid = fork();
  if (pid == 0) hold(path, ready[1]);
  close(held[1]);
  close(ready[1]);
  const ssize_t n = pid > 0 ? read(ready[0], &byte, 1) : -1;
  close(ready[0]);
  unlink(path);
  return n == 1 ? 0 : -1;
}

int main(int argc, char** argv) {
  char* echo_arguments[] = {argv[0], "0", NULL};
  pthread_t thread;
  size_t i = 0;
  while (argc == 3 && i < sizeof ways / sizeof *ways && strcmp(ways[i].name, argv[1]) != 0) ++i;
  if (argc != 3 || i == sizeof ways / sizeof *ways) {
    fprintf(stderr, "usage: stuck_server spin|syscall|flock|stdio|fsync SECONDS\n");
    return 2;
  }
  end = now() + atoi(argv[2]);
  if (start_holder() != 0 || pthread_create(&thread, NULL, get_stuck, (void*)&ways[i]) != 0) {
    perror("stuck_server");
    return 1;
  }
  return echo_main(2, echo_arguments);
}
