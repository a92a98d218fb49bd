/* ends.h: a pipe or a pair of sockets. */
#ifndef WEFT_TESTS_ENDS_H
#define WEFT_TESTS_ENDS_H
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2]; /* read, write */

static inline void open_pipe(void) {
  if (pipe(ends) != 0) abort();
}

static inline void open_socket(void) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) abort();
}

#endif
