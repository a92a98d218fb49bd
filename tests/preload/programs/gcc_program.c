// Sixty-four threads that meet at a barrier, take turns under a mutex, and return their numbers.

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

enum { kThreads = 64, kTurns = 100 };

static pthread_barrier_t everyone;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turns;
static __thread intptr_t own_number;

static void print_kernel_threads(void) {
  FILE* status = fopen("/proc/self/status", "r");
  char line[256];
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    int count = 0;
    if (sscanf(line, "Threads: %d", &count) == 1) printf("kernel threads: %d\n", count);
  }
  if (status != NULL) fclose(status);
}

static void* take_turns(void* number) {
  own_number = (intptr_t)number;
  if (pthread_barrier_wait(&everyone) == PTHREAD_BARRIER_SERIAL_THREAD) print_kernel_threads();
  pthread_barrier_wait(&everyone);
  for (int turn = 0; turn < kTurns; turn++) {
    pthread_mutex_lock(&mutex);
    while (turns % kThreads != own_number) pthread_cond_wait(&changed, &mutex);
    turns++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
  }
  return (void*)(own_number + 1);
}

int main(void) {
  pthread_t threads[kThreads];
  pthread_barrier_init(&everyone, NULL, kThreads);
  for (intptr_t number = 0; number < kThreads; number++) {
    if (pthread_create(&threads[number], NULL, take_turns, (void*)number) != 0) return 1;
  }
  intptr_t sum = 0;
  for (int number = 0; number < kThreads; number++) {
    void* result = NULL;
    if (pthread_join(threads[number], &result) != 0) return 1;
    sum += (intptr_t)result;
  }
  printf("%d threads, sum %d, %d turns\n", kThreads, (int)sum, turns);
  return 0;
}
