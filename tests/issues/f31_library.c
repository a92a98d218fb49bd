/* A library that is loaded with a libc of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What its own libc makes of a few calls, errors and memory included. */
int f31_text(int number, char* text, size_t size);

static __thread int times;

int f31_text(int number, char* text, size_t size) {
  char* const copy = malloc(64);
  if (copy == NULL) return -1;
  errno = 0;
  usleep(1000);
  const ssize_t got = read(-1, copy, 1);
  const int error = errno;
  snprintf(copy, 64, "%d %zd %d %d", number, got, error == EBADF, ++times);
  snprintf(text, size, "%s", copy);
  free(copy);
  return 0;
}
