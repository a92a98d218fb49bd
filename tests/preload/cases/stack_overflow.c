/* A thread with 256 KiB of stack calls itself for ever: SIGSEGV, and under weft a report that
 * helps. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static volatile unsigned long limit = ~0UL;

static unsigned long dive(unsigned long depth) {
  volatile char frame[512];
  memset((void*)frame, (int)depth, sizeof frame);
  if (depth == limit) return depth;
  return dive(depth + 1) + (unsigned char)frame[depth % sizeof frame];
}

static void* run(void* unused) {
  pthread_setname_np(pthread_self(), "deep");
  printf("%lu\n", dive(0));
  return unused;
}

int main(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  puts("diving");
  fflush(stdout);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  if (pthread_create(&thread, &attributes, run, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  puts("survived");
  return 0;
}
