/* Read-write locks: what each call returns, whom each kind prefers, attributes. */
#include <pthread.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static pthread_rwlock_t* l;

typedef int (*timed_call)(pthread_rwlock_t*, const struct timespec*);
typedef int (*clock_call)(pthread_rwlock_t*, clockid_t, const struct timespec*);

static int timed_for(timed_call call, long ms) {
  const struct timespec until = in_ms(CLOCK_REALTIME, ms);
  return call(l, &until);
}

static int timed_until(timed_call call, long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return call(l, &until);
}

static int clock_for(clock_call call, clockid_t clock, long ms) {
  const struct timespec until = in_ms(clock, ms);
  return call(l, clock, &until);
}

static int clock_until(clock_call call, clockid_t clock, long seconds, long nanoseconds) {
  const struct timespec until = {seconds, nanoseconds};
  return call(l, clock, &until);
}

/* What a caller gets that finds it locked, or free: then it unlocks again. */
static void unlock_if(int error) {
  if (error == 0) pthread_rwlock_unlock(l);
}
#define TRY(call)                                       \
  do {                                                  \
    const int try_error = (call);                       \
    printf("  %s: %s\n", #call, error_name(try_error)); \
    unlock_if(try_error);                               \
  } while (0)

static void* tries_all(void* unused) {
  TRY(pthread_rwlock_tryrdlock(l));
  TRY(pthread_rwlock_trywrlock(l));
  TRY(timed_for(pthread_rwlock_timedrdlock, 5));
  TRY(timed_for(pthread_rwlock_timedwrlock, 5));
  TRY(timed_for(pthread_rwlock_timedrdlock, -5));
  TRY(timed_for(pthread_rwlock_timedwrlock, -5));
  TRY(timed_until(pthread_rwlock_timedrdlock, 0, 0));
  TRY(timed_until(pthread_rwlock_timedwrlock, -1, 0));
  TRY(timed_until(pthread_rwlock_timedrdlock, 1, -1));
  TRY(timed_until(pthread_rwlock_timedwrlock, 1, -1));
  TRY(timed_until(pthread_rwlock_timedrdlock, 1L << 40, 1000000000));
  TRY(timed_until(pthread_rwlock_timedwrlock, 1L << 40, 1000000000));
  TRY(clock_for(pthread_rwlock_clockrdlock, CLOCK_MONOTONIC, 5));
  TRY(clock_for(pthread_rwlock_clockwrlock, CLOCK_MONOTONIC, 5));
  TRY(clock_for(pthread_rwlock_clockrdlock, CLOCK_REALTIME, 5));
  TRY(clock_for(pthread_rwlock_clockwrlock, CLOCK_REALTIME, 5));
  TRY(clock_until(pthread_rwlock_clockrdlock, CLOCK_MONOTONIC, 1, 1000000000));
  TRY(clock_until(pthread_rwlock_clockwrlock, CLOCK_MONOTONIC, 1, -1));
  TRY(clock_until(pthread_rwlock_clockrdlock, CLOCK_BOOTTIME, 1, 0));
  TRY(clock_until(pthread_rwlock_clockwrlock, CLOCK_BOOTTIME, 1, 0));
  TRY(clock_until(pthread_rwlock_clockrdlock, -1, 1, 0));
  TRY(clock_until(pthread_rwlock_clockwrlock, 99, 1, 0));
  return unused;
}

static void use_states(void) {
  puts("free");
  tries_all(NULL);
  puts("read locked, by a reader");
  SAY(pthread_rwlock_rdlock(l));
  tries_all(NULL);
  puts("read locked, by others");
  in_other_thread(tries_all, NULL);
  SAY(pthread_rwlock_unlock(l));
  puts("write locked, by the writer");
  SAY(pthread_rwlock_wrlock(l));
  SAY(pthread_rwlock_wrlock(l));
  SAY(pthread_rwlock_rdlock(l));
  tries_all(NULL);
  puts("write locked, by others");
  in_other_thread(tries_all, NULL);
  SAY(pthread_rwlock_unlock(l));
  TRY(pthread_rwlock_trywrlock(l));
}

static int written;

static void* writes(void* unused) {
  if (pthread_rwlock_wrlock(l) != 0) abort();
  __atomic_store_n(&written, 1, __ATOMIC_SEQ_CST);
  pthread_rwlock_unlock(l);
  return unused;
}

static int has_written(void) { return __atomic_load_n(&written, __ATOMIC_SEQ_CST); }

static void* reads(void* unused) {
  TRY(pthread_rwlock_tryrdlock(l));
  TRY(timed_for(pthread_rwlock_timedrdlock, 10));
  return unused;
}

/* A writer waits for a reader: may others read? The reader itself once more? */
static void use_preference(int may_read_again) {
  written = 0;
  SAY(pthread_rwlock_rdlock(l));
  const pthread_t writer = start(writes, NULL);
  usleep(10000);
  in_other_thread(reads, NULL);
  if (may_read_again) {
    SAY(pthread_rwlock_rdlock(l));
    SAY(has_written());
    SAY(pthread_rwlock_unlock(l));
  }
  SAY(has_written());
  SAY(pthread_rwlock_unlock(l));
  finish(writer);
  SAY(has_written());
}

/* A writer that gives up lets readers in who stayed behind it. */
static void* gives_up_writing(void* error) {
  *(int*)error = timed_for(pthread_rwlock_timedwrlock, 50);
  return NULL;
}

static void use_writer_that_gives_up(void) {
  SAY(pthread_rwlock_rdlock(l));
  int error = 0;
  const pthread_t writer = start(gives_up_writing, &error);
  usleep(10000);
  TRY(timed_for(pthread_rwlock_timedrdlock, 5000));
  finish(writer);
  SAY(error);
  SAY(pthread_rwlock_unlock(l));
  TRY(pthread_rwlock_trywrlock(l));
}

static int readers;

static void* reads_with_others(void* barrier) {
  if (pthread_rwlock_rdlock(l) != 0) abort();
  __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
  pthread_barrier_wait(barrier); /* passes only if all are in at once */
  pthread_rwlock_unlock(l);
  return NULL;
}

static void use_many_readers(void) {
  enum { kReaders = 20 };
  pthread_t threads[kReaders];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, kReaders);
  readers = 0;
  SAY(pthread_rwlock_wrlock(l));
  for (int i = 0; i < kReaders; i++) threads[i] = start(reads_with_others, &barrier);
  usleep(5000);
  SAY_NUMBER(readers);
  SAY(pthread_rwlock_unlock(l));
  for (int i = 0; i < kReaders; i++) finish(threads[i]);
  SAY_NUMBER(readers);
  pthread_barrier_destroy(&barrier);
}

static void use(const char* name, int kind, int shared) {
  pthread_rwlock_t lock;
  pthread_rwlockattr_t a;
  int found = -1;
  printf("-- %s, %s\n", name, shared ? "shared" : "private");
  SAY(pthread_rwlockattr_init(&a));
  SAY(pthread_rwlockattr_getkind_np(&a, &found));
  SAY_NUMBER(found);
  SAY(pthread_rwlockattr_setkind_np(&a, kind));
  SAY(pthread_rwlockattr_setkind_np(&a, -1));
  SAY(pthread_rwlockattr_setkind_np(&a, 3));
  SAY(pthread_rwlockattr_getkind_np(&a, &found));
  SAY_NUMBER(found);
  SAY(pthread_rwlockattr_setpshared(&a, shared));
  SAY(pthread_rwlockattr_setpshared(&a, 2));
  SAY(pthread_rwlockattr_getpshared(&a, &found));
  SAY_NUMBER(found);
  SAY(pthread_rwlock_init(&lock, &a));
  SAY(pthread_rwlockattr_destroy(&a));
  l = &lock;
  use_states();
  use_preference(kind != PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  use_writer_that_gives_up();
  use_many_readers();
  SAY(pthread_rwlock_destroy(&lock));
}

static pthread_rwlock_t static_default = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t static_writer = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int shared = 0; shared < 2; shared++) {
    use("prefer reader", PTHREAD_RWLOCK_PREFER_READER_NP, shared);
    use("prefer writer", PTHREAD_RWLOCK_PREFER_WRITER_NP, shared);
    use("prefer writer, not recursive", PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP, shared);
  }
  l = &static_default;
  use_preference(1);
  l = &static_writer;
  use_preference(0);
  return 0;
}
