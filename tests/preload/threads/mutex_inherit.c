/* Mutexes with priority inheritance, and contended: between threads, between processes, and by
 * waiters with a time limit. */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 4, kRounds = 500 };

struct shared {
  pthread_mutex_t mutex;
  long count;
};

static struct shared* s;

static void make(int type, int shared) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutexattr_setpshared(&attributes, shared);
  SAY(pthread_mutex_init(&s->mutex, &attributes));
}

static int timed_for(clockid_t clock, long ms) {
  const struct timespec until = in_ms(clock, ms);
  return pthread_mutex_clocklock(&s->mutex, clock, &until);
}

static int timed_until(long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return pthread_mutex_timedlock(&s->mutex, &until);
}

static void* counts(void* unused) {
  for (int i = 0; i < kRounds; i++) {
    if (pthread_mutex_lock(&s->mutex) != 0) abort();
    const long seen = s->count;
    if (i % 8 == 0) usleep(1);
    s->count = seen + 1;
    if (pthread_mutex_unlock(&s->mutex) != 0) abort();
  }
  return unused;
}

static void count_in_threads(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; i++) threads[i] = start(counts, NULL);
  for (int i = 0; i < kThreads; i++) finish(threads[i]);
}

static void* finds_it_locked(void* unused) {
  SAY(pthread_mutex_trylock(&s->mutex));
  SAY(pthread_mutex_unlock(&s->mutex));
  SAY(timed_for(CLOCK_REALTIME, 10));
  SAY(timed_for(CLOCK_REALTIME, -10));
  SAY(timed_for(CLOCK_BOOTTIME, 10));
  SAY(timed_until(1L << 40, 1000000000));
  SAY(timed_until(1L << 40, -1));
  return unused;
}

static void use_alone(int type) {
  SAY(pthread_mutex_unlock(&s->mutex));
  SAY(timed_until(0, 1000000000)); /* no need to wait */
  SAY(pthread_mutex_trylock(&s->mutex));
  if (type != PTHREAD_MUTEX_NORMAL) SAY(pthread_mutex_lock(&s->mutex));
  if (type != PTHREAD_MUTEX_NORMAL) SAY(timed_for(CLOCK_REALTIME, 10));
  in_other_thread(finds_it_locked, NULL);
  SAY(pthread_mutex_destroy(&s->mutex));
  int unlocks = 0;
  while (pthread_mutex_unlock(&s->mutex) == 0) unlocks++;
  SAY_NUMBER(unlocks);
}

static void use_between_processes(void) {
  s->count = 0;
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    count_in_threads();
    _exit(0);
  }
  count_in_threads();
  int status = -1;
  waitpid(child, &status, 0);
  SAY_NUMBER(status);
  SAY_NUMBER(s->count);
}

static void use(const char* name, int type) {
  for (int shared = 0; shared < 2; shared++) {
    printf("-- %s, %s\n", name, shared ? "shared" : "private");
    make(type, shared);
    use_alone(type);
    s->count = 0;
    count_in_threads();
    SAY_NUMBER(s->count);
    if (shared) use_between_processes();
    SAY(pthread_mutex_destroy(&s->mutex));
  }
}

int main(void) {
  s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s == MAP_FAILED) return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  use("normal", PTHREAD_MUTEX_NORMAL);
  use("recursive", PTHREAD_MUTEX_RECURSIVE);
  use("errorcheck", PTHREAD_MUTEX_ERRORCHECK);
  return 0;
}
