/* pthread_exit in main: the other threads run on, and the process ends with status 0 after the last
 * of them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_t main_thread;

static void at_exit(void) { puts("atexit"); }

static void* late(void* unused) {
  void* result = NULL;
  pthread_join(main_thread, &result);
  printf("main left with %s\n", (const char*)result);
  usleep(30000);
  puts("last thread ends");
  return unused;
}

int main(void) {
  pthread_t thread;
  main_thread = pthread_self();
  atexit(at_exit);
  if (pthread_create(&thread, NULL, late, NULL) != 0) return 1;
  usleep(5000);
  pthread_exit("a value");
}
