/* Conditions with mutexes of another sharing or kind: many threads wait and are woken, and waits
 * that nobody ends run out. */
#include <pthread.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 50, kRounds = 20 };

static pthread_mutex_t m;
static pthread_cond_t c;
static int round_number, waiting;

static void make(int mutex_shared, int robust, int protocol, int condition_shared) {
  pthread_mutexattr_t ma;
  pthread_condattr_t ca;
  pthread_mutexattr_init(&ma);
  pthread_mutexattr_setpshared(&ma, mutex_shared);
  pthread_mutexattr_setrobust(&ma, robust);
  pthread_mutexattr_setprotocol(&ma, protocol);
  pthread_mutex_init(&m, &ma);
  pthread_condattr_init(&ca);
  pthread_condattr_setpshared(&ca, condition_shared);
  pthread_cond_init(&c, &ca);
  round_number = waiting = 0;
}

static void* waits(void* unused) {
  for (int i = 1; i <= kRounds; i++) {
    if (pthread_mutex_lock(&m) != 0) abort();
    waiting++;
    while (round_number < i)
      if (pthread_cond_wait(&c, &m) != 0) abort();
    if (pthread_mutex_unlock(&m) != 0) abort();
  }
  return unused;
}

/* Each round begins when all wait. */
static void begin_round(int i) {
  for (int all = 0; !all;) {
    if (pthread_mutex_lock(&m) != 0) abort();
    all = waiting == kThreads * i;
    if (all) round_number = i;
    if (all && i % 2 == 0) pthread_cond_broadcast(&c);
    if (pthread_mutex_unlock(&m) != 0) abort();
    if (all && i % 2 != 0) pthread_cond_broadcast(&c);
    if (!all) usleep(200);
  }
}

static int timed_for(clockid_t clock, long ms) {
  const struct timespec until = in_ms(clock, ms);
  const int error = pthread_cond_clockwait(&c, &m, clock, &until);
  const struct timespec now = in_ms(clock, 0);
  const long late = (now.tv_sec - until.tv_sec) * 1000000000 + now.tv_nsec - until.tv_nsec;
  return late < 0 ? EAGAIN : error; /* a wake-up for no reason is no error, but none has come */
}

static void use(const char* name) {
  pthread_t threads[kThreads];
  printf("-- %s\n", name);
  for (int i = 0; i < kThreads; i++) threads[i] = start(waits, NULL);
  for (int i = 1; i <= kRounds; i++) begin_round(i);
  for (int i = 0; i < kThreads; i++) finish(threads[i]);
  SAY_NUMBER(waiting);
  SAY(pthread_mutex_lock(&m));
  SAY(timed_for(CLOCK_REALTIME, 10));
  SAY(timed_for(CLOCK_MONOTONIC, 10));
  SAY(timed_for(CLOCK_MONOTONIC, -10));
  SAY(pthread_mutex_trylock(&m));
  SAY(pthread_mutex_unlock(&m));
  SAY(pthread_cond_destroy(&c));
  SAY(pthread_mutex_destroy(&m));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  make(0, 0, PTHREAD_PRIO_NONE, 0);
  use("both private");
  make(1, 0, PTHREAD_PRIO_NONE, 1);
  use("both shared");
  make(0, 0, PTHREAD_PRIO_NONE, 1);
  use("private mutex, shared condition");
  make(1, 0, PTHREAD_PRIO_NONE, 0);
  use("shared mutex, private condition");
  make(0, 1, PTHREAD_PRIO_NONE, 0);
  use("robust mutex, private condition");
  make(0, 1, PTHREAD_PRIO_NONE, 1);
  use("robust mutex, shared condition");
  make(0, 0, PTHREAD_PRIO_INHERIT, 0);
  use("mutex with inheritance, private condition");
  make(1, 1, PTHREAD_PRIO_INHERIT, 1);
  use("robust shared mutex with inheritance, shared condition");
  return 0;
}
