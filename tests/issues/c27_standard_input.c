/* A thread reads lines from standard input, a pipe or a terminal, by stdio, and another one polls a
 * socket: each gets on without the other. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>

#include "check.h"

enum { kLines = 50 };

static void* reads_lines(void* unused) {
  char line[32];
  char expected[32];
  for (int i = 0; i < kLines; i++) {
    CHECK(fgets(line, sizeof line, stdin) != NULL);
    snprintf(expected, sizeof expected, "line %d\n", i);
    CHECK(strcmp(line, expected) == 0);
  }
  return unused;
}

static void* polls(void* argument) {
  char byte;
  struct pollfd entry = {.fd = *(int*)argument, .events = POLLIN};
  for (int i = 0; i < kLines; i++) {
    CHECK(poll(&entry, 1, -1) == 1);
    CHECK(read(entry.fd, &byte, 1) == 1);
    CHECK(write(entry.fd, &byte, 1) == 1);
  }
  return NULL;
}

/* `input` is where the lines come from, `output` where they are written to. */
static void both_progress(int input, int output) {
  int ends[2];
  char text[32];
  char byte;
  CHECK(dup2(input, 0) == 0);
  clearerr(stdin);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const pthread_t reader = start(reads_lines, NULL);
  const pthread_t poller = start(polls, &ends[1]);
  for (int i = 0; i < kLines; i++) {
    CHECK(write(ends[0], "x", 1) == 1); /* while the reader waits for a line */
    CHECK(read(ends[0], &byte, 1) == 1);
    const int size = snprintf(text, sizeof text, "line %d\n", i);
    CHECK(write(output, text, (size_t)size) == size);
  }
  join(reader);
  join(poller);
}

int main(void) {
  int ends[2];
  int terminal;
  int program;
  struct termios settings;
  alarm(20);
  CHECK(pipe(ends) == 0);
  both_progress(ends[0], ends[1]);
  CHECK(openpty(&terminal, &program, NULL, NULL, NULL) == 0);
  CHECK(tcgetattr(program, &settings) == 0);
  settings.c_lflag &= ~(tcflag_t)ECHO;
  CHECK(tcsetattr(program, TCSANOW, &settings) == 0);
  both_progress(program, terminal);
  return 0;
}
