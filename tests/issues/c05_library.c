/* A library that makes children by itself, behind the program's back. */
#include <unistd.h>

pid_t fork_in_library(int status);

pid_t fork_in_library(int status) {
  const pid_t child = fork();
  if (child == 0) {
    usleep(1000);
    _exit(status);
  }
  return child;
}
