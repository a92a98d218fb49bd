/* locks.c: what a pthread mutex costs under `weft run`, beside libc's own in the same process: as a
 * ratio, the median of rounds that alternate. Fails above the limits below. To be run on one CPU.
 *
 *   pair      lock and unlock of a mutex that nobody else wants
 *   handover  from one thread to another that waits: between fibers of one worker, and between
 *             kernel threads */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "median.h"

enum { kRounds = 15, kPairs = 2000000, kHandovers = 20000 };
static const double kMostPerPair = 1.3;
static const double kMostPerHandover = 0.25;

struct functions {
  int (*create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  int (*join)(pthread_t, void**);
  int (*lock)(pthread_mutex_t*);
  int (*unlock)(pthread_mutex_t*);
};

static struct functions weft = {pthread_create, pthread_join, pthread_mutex_lock,
                                pthread_mutex_unlock};
static struct functions libc;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double pair(const struct functions* f) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  const double start = now();
  for (int i = 0; i < kPairs; i++) {
    f->lock(&mutex);
    f->unlock(&mutex);
  }
  return (now() - start) / kPairs * 1e9;
}

/* Two threads hold one of three mutexes each, and go round: each takes the next, which the other
 * holds or has just left, before it leaves its own. */
struct runner {
  const struct functions* f;
  pthread_mutex_t* ring;
  int at;
  pthread_barrier_t* begin;
};

static void* go_round(void* argument) {
  const struct runner* r = argument;
  int at = r->at;
  r->f->lock(&r->ring[at]);
  pthread_barrier_wait(r->begin);
  for (int i = 0; i < kHandovers; i++) {
    const int next = (at + 1) % 3;
    r->f->lock(&r->ring[next]);
    r->f->unlock(&r->ring[at]);
    at = next;
  }
  r->f->unlock(&r->ring[at]);
  return NULL;
}

static double handover(const struct functions* f) {
  pthread_mutex_t ring[3] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                             PTHREAD_MUTEX_INITIALIZER};
  pthread_barrier_t begin;
  pthread_barrier_init(&begin, NULL, 2);
  struct runner runners[2] = {{f, ring, 0, &begin}, {f, ring, 1, &begin}};
  pthread_t threads[2];
  const double start = now();
  for (int i = 0; i < 2; i++) {
    if (f->create(&threads[i], NULL, go_round, &runners[i]) != 0) abort();
  }
  for (int i = 0; i < 2; i++) f->join(threads[i], NULL);
  pthread_barrier_destroy(&begin);
  return (now() - start) / (2.0 * kHandovers) * 1e9;
}

static int compare(const char* what, double (*measure)(const struct functions*), double most) {
  double ours[kRounds], theirs[kRounds], ratios[kRounds];
  for (int i = 0; i < kRounds; i++) {
    theirs[i] = measure(&libc);
    ours[i] = measure(&weft);
    ratios[i] = ours[i] / theirs[i];
  }
  const double ratio = median(ratios, kRounds);
  printf("%s: weft %.1f ns, libc %.1f ns, ratio %.3f, at most %.2f\n", what, median(ours, kRounds),
         median(theirs, kRounds), ratio, most);
  return ratio <= most;
}

static void* nothing(void* unused) { return unused; }

int main(void) {
  void* const handle = dlopen("libc.so.6", RTLD_NOW);
  if (handle == NULL) return 2;
  *(void**)&libc.create = dlsym(handle, "pthread_create");
  *(void**)&libc.join = dlsym(handle, "pthread_join");
  *(void**)&libc.lock = dlsym(handle, "pthread_mutex_lock");
  *(void**)&libc.unlock = dlsym(handle, "pthread_mutex_unlock");
  if (libc.create == weft.create) {
    puts("not under weft: the functions are the same");
    return 2;
  }
  /* From its first thread on a process has real locks. */
  pthread_t thread;
  if (pthread_create(&thread, NULL, nothing, NULL) != 0) return 2;
  pthread_join(thread, NULL);
  const int pair_is_good = compare("pair", pair, kMostPerPair);
  const int handover_is_good = compare("handover", handover, kMostPerHandover);
  return pair_is_good && handover_is_good ? 0 : 1;
}
