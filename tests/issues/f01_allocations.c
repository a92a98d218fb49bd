/* Threads allocate, also for each other, and wait in between: under allocators that use locks and
 * thread-local data of their own. */
#include "check.h"

enum { kThreads = 50, kRounds = 200 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void* shared[64];

static void* allocates(void* argument) {
  unsigned random = (unsigned)(long)argument;
  for (int i = 0; i < kRounds; i++) {
    random = random * 1103515245 + 12345;
    const size_t size = 16 + (random >> 8) % 5000;
    char* mine = malloc(size);
    CHECK(mine != NULL);
    memset(mine, (int)size & 0xff, size);
    if (i % 20 == 0) nap_ms(1);
    mine = realloc(mine, size * 2);
    CHECK(mine != NULL && mine[size - 1] == (char)size);
    pthread_mutex_lock(&mutex);
    void* const other = shared[random % 64];
    shared[random % 64] = mine;
    pthread_mutex_unlock(&mutex);
    free(other);
  }
  return NULL;
}

int main(void) {
  pthread_t threads[kThreads];
  alarm(30);
  for (long i = 0; i < kThreads; i++) threads[i] = start(allocates, (void*)i);
  for (int i = 0; i < kThreads; i++) join(threads[i]);
  expect_echo_works();
  for (int i = 0; i < 64; i++) {
    free(shared[i]);
    shared[i] = NULL;
  }
  const pid_t child = fork();
  if (child == 0) {
    join(start(allocates, NULL));
    _exit(0);
  }
  expect_exit(child, 0);
  puts("fine");
  return 0;
}
