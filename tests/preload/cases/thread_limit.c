// More threads block at a time, in a way that no hook sees, than there may be kernel threads: the
// program is told so once, goes on slower, and ends.
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

static void* block(void* argument) {
  const struct timespec length = {0, 100000000};
  long result;
#if defined(__x86_64__)
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_nanosleep), "D"(&length), "S"(NULL)
                   : "rcx", "r11", "memory");
#else
  result = nanosleep(&length, NULL);
#endif
  return result == 0 ? NULL : argument;
}

int main(void) {
  pthread_t threads[6];
  for (int i = 0; i < 6; i++) {
    pthread_create(&threads[i], NULL, block, NULL);
  }
  for (int i = 0; i < 6; i++) {
    pthread_join(threads[i], NULL);
  }
  puts("6 threads have ended");
  return 0;
}
