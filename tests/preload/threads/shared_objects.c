/* Process-shared locks between two processes with threads on both sides.
 *
 *   shared_objects fork       the other side is a forked child
 *   shared_objects exec       the other side executes this program again, with the memory inherited
 *   shared_objects TEST FD    is what it executes then
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

enum { kThreads = 4, kRounds = 500, kWaiters = 50 };

struct shared {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  pthread_rwlock_t rwlock;
  pthread_barrier_t barrier;
  pthread_spinlock_t spin;
  sem_t semaphores[2];
  char name[32];
  long count, inside, violations, turn, a, b, serial;
  int errors;
};

static struct shared* s;
static int side; /* 0: the first process, 1: the other one */

static void check(int error) {
  if (error != 0) __atomic_fetch_add(&s->errors, 1, __ATOMIC_SEQ_CST);
}

static void run(int count, void* (*body)(void*)) {
  pthread_t threads[kWaiters];
  for (int i = 0; i < count; i++) threads[i] = start(body, NULL);
  for (int i = 0; i < count; i++) finish(threads[i]);
}

static void enter_and_leave(int round) {
  if (__atomic_fetch_add(&s->inside, 1, __ATOMIC_SEQ_CST) != 0) s->violations++;
  const long seen = s->count;
  if (round % 16 == 0) usleep(1);
  s->count = seen + 1;
  __atomic_fetch_sub(&s->inside, 1, __ATOMIC_SEQ_CST);
}

static void* locks(void* unused) {
  for (int i = 0; i < kRounds; i++) {
    const int error = pthread_mutex_lock(&s->mutex);
    check(error);
    if (error != 0) continue;
    enter_and_leave(i);
    check(pthread_mutex_unlock(&s->mutex));
  }
  return unused;
}

static void* spins(void* unused) {
  for (int i = 0; i < kRounds; i++) {
    check(pthread_spin_lock(&s->spin));
    enter_and_leave(i);
    check(pthread_spin_unlock(&s->spin));
  }
  return unused;
}

static void* takes_turns(void* unused) {
  for (int i = 0; i < kRounds; i++) {
    check(pthread_mutex_lock(&s->mutex));
    while (s->turn != side) check(pthread_cond_wait(&s->condition, &s->mutex));
    s->turn = !side;
    s->count++;
    check(pthread_cond_broadcast(&s->condition));
    check(pthread_mutex_unlock(&s->mutex));
  }
  return unused;
}

static void* reads_and_writes(void* unused) {
  for (int i = 0; i < kRounds; i++) {
    const int writes = i % 8 == 0;
    check(writes ? pthread_rwlock_wrlock(&s->rwlock) : pthread_rwlock_rdlock(&s->rwlock));
    s->a += writes;
    if (i % 16 == 0) usleep(1);
    s->b += writes;
    if (s->a != s->b) s->violations++;
    check(pthread_rwlock_unlock(&s->rwlock));
  }
  return unused;
}

static void* passes(void* unused) {
  for (int i = 0; i < kRounds; i++)
    if (pthread_barrier_wait(&s->barrier) != 0) __atomic_fetch_add(&s->serial, 1, __ATOMIC_SEQ_CST);
  return unused;
}

static void* answers(void* unused) {
  for (int i = 0; i < kRounds; i++) {
    check(sem_wait(&s->semaphores[side]));
    __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
    check(sem_post(&s->semaphores[!side]));
  }
  return unused;
}

static void* waits_once(void* unused) {
  check(sem_wait(&s->semaphores[0]));
  __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
  return unused;
}

static void* answers_by_name(void* unused) {
  sem_t* const semaphore = sem_open(s->name, 0);
  check(semaphore == SEM_FAILED);
  for (int i = 0; i < kRounds && semaphore != SEM_FAILED; i++) {
    check(sem_wait(semaphore));
    enter_and_leave(i);
    check(sem_post(semaphore));
  }
  return unused;
}

static void side_mutex(void) { run(kThreads, locks); }
static void side_spin(void) { run(kThreads, spins); }
static void side_condition(void) { run(kThreads, takes_turns); }
static void side_rwlock(void) { run(kThreads, reads_and_writes); }
static void side_barrier(void) { run(kThreads, passes); }
static void side_semaphore(void) { run(kThreads, answers); }
static void side_named(void) { run(kThreads, answers_by_name); }

static void side_many(void) {
  if (side == 0) run(kWaiters, waits_once);
  for (int i = 0; side == 1 && i < kWaiters; i++) {
    if (i % 10 == 0) usleep(5000);
    check(sem_post(&s->semaphores[0]));
  }
}

static const struct {
  const char* name;
  void (*run)(void);
} kTests[] = {{"mutex normal", side_mutex},
              {"mutex recursive", side_mutex},
              {"mutex errorcheck", side_mutex},
              {"mutex adaptive", side_mutex},
              {"spin", side_spin},
              {"condition", side_condition},
              {"rwlock", side_rwlock},
              {"barrier", side_barrier},
              {"semaphore", side_semaphore},
              {"named semaphore", side_named},
              {"many waiters", side_many}};

static void make(int test) {
  const int kinds[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
                       PTHREAD_MUTEX_ADAPTIVE_NP};
  pthread_mutexattr_t m;
  pthread_condattr_t c;
  pthread_rwlockattr_t l;
  pthread_barrierattr_t b;
  memset(s, 0, sizeof *s);
  pthread_mutexattr_init(&m);
  pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_settype(&m, kinds[test < 4 ? test : 0]);
  pthread_mutex_init(&s->mutex, &m);
  pthread_condattr_init(&c);
  pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&s->condition, &c);
  pthread_rwlockattr_init(&l);
  pthread_rwlockattr_setpshared(&l, PTHREAD_PROCESS_SHARED);
  pthread_rwlock_init(&s->rwlock, &l);
  pthread_barrierattr_init(&b);
  pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&s->barrier, &b, 2 * kThreads);
  pthread_spin_init(&s->spin, PTHREAD_PROCESS_SHARED);
  sem_init(&s->semaphores[0], 1, test == 8 ? 1 : 0);
  sem_init(&s->semaphores[1], 1, 0);
  snprintf(s->name, sizeof s->name, "/weft-shared-%d", (int)getpid());
}

static void run_test(int test, int executes, int fd) {
  char number[16], descriptor[16];
  make(test);
  sem_t* const named = sem_open(s->name, O_CREAT, 0600, 1);
  snprintf(number, sizeof number, "%d", test);
  snprintf(descriptor, sizeof descriptor, "%d", fd);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (executes) execl("/proc/self/exe", "shared_objects", number, descriptor, NULL);
    side = 1;
    kTests[test].run();
    _exit(executes);
  }
  kTests[test].run();
  int status = -1;
  waitpid(child, &status, 0);
  sem_close(named);
  sem_unlink(s->name);
  printf("%s: status %d, errors %d, violations %ld, count %ld, written %ld, serial %ld\n",
         kTests[test].name, status, s->errors, s->violations, s->count, s->a, s->serial);
}

int main(int count, char** arguments) {
  const int is_side = count == 3;
  const int fd = is_side ? atoi(arguments[2]) : memfd_create("shared", 0);
  if (count < 2 || fd < 0 || ftruncate(fd, sizeof *s) != 0) return 1;
  s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (s == MAP_FAILED) return 1;
  side = is_side;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (is_side) kTests[atoi(arguments[1])].run();
  for (int i = 0; !is_side && i < (int)(sizeof kTests / sizeof *kTests); i++)
    run_test(i, strcmp(arguments[1], "exec") == 0, fd);
  return 0;
}
