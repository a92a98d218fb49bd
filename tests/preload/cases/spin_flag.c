/* Two threads hand a flag back and forth, and wait for it in a loop that calls nothing at all. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* Few enough for one CPU, where each may take a time slice of the kernel's. */
enum { kHandOvers = 200 };

static atomic_int turn; /* whose: 0 or 1 */
static int handed_over;

static void* waits_for_turn(void* argument) {
  const int mine = (int)(intptr_t)argument;
  for (int i = 0; i < kHandOvers / 2; ++i) {
    while (atomic_load_explicit(&turn, memory_order_relaxed) != mine) continue;
    atomic_thread_fence(memory_order_acquire);
    ++handed_over;
    atomic_store_explicit(&turn, 1 - mine, memory_order_release);
  }
  return NULL;
}

int main(void) {
  pthread_t threads[2];
  for (intptr_t i = 0; i < 2; ++i) {
    /* The one that waits first, so that it spins when the other comes. */
    if (pthread_create(&threads[i], NULL, waits_for_turn, (void*)(1 - i)) != 0) return 1;
  }
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  printf("handed over %d times\n", handed_over);
  return 0;
}
