/* A thread that beats every 100 ms, by a timed wait, goes on beside one that makes calls which
 * never have to wait, and one that computes. */
#include <stdatomic.h>

#include "check.h"

enum { kBeats = 12 };

static atomic_int stop;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;

static void* makes_ready_calls(void* unused) {
  int ends[2];
  char byte = 'x';
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  while (!atomic_load(&stop)) {
    CHECK(write(ends[0], &byte, 1) == 1);
    CHECK(read(ends[1], &byte, 1) == 1);
  }
  close(ends[0]);
  close(ends[1]);
  return unused;
}

static void* computes(void* unused) {
  static volatile long sum;
  while (!atomic_load(&stop)) sum++;
  return unused;
}

static void* beats(void* late) {
  struct timespec moment;
  clock_gettime(CLOCK_MONOTONIC, &moment);
  pthread_mutex_lock(&mutex);
  for (int i = 0; i < kBeats; i++) {
    moment.tv_nsec += 100000000;
    if (moment.tv_nsec >= 1000000000) {
      moment.tv_nsec -= 1000000000;
      moment.tv_sec++;
    }
    CHECK(pthread_cond_timedwait(&condition, &mutex, &moment) == ETIMEDOUT);
    const double jitter = seconds_now() - ((double)moment.tv_sec + (double)moment.tv_nsec * 1e-9);
    CHECK(jitter >= 0);
    if (jitter > *(double*)late) *(double*)late = jitter;
  }
  pthread_mutex_unlock(&mutex);
  return NULL;
}

int main(void) {
  double late = 0;
  pthread_condattr_t monotonic;
  alarm(20);
  pthread_condattr_init(&monotonic);
  CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
  CHECK(pthread_cond_init(&condition, &monotonic) == 0);
  const pthread_t ready = start(makes_ready_calls, NULL);
  const pthread_t busy = start(computes, NULL);
  join(start(beats, &late));
  atomic_store(&stop, 1);
  join(ready);
  join(busy);
  printf("latest beat: %.1f ms late\n", late * 1e3);
  CHECK(late < 0.2);
  return 0;
}
