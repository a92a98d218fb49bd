/* Robust mutexes whose owner ends while it holds them: a thread, or a process that is killed; seen
 * by those who come later and by those who already wait. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

struct shared {
  pthread_mutex_t mutex;
  int ready[2]; /* a pipe: whoever holds the mutex says so */
};

static struct shared* s;
static pthread_mutex_t* m;

static void make(int type, int shared, int protocol) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutexattr_setpshared(&attributes, shared);
  pthread_mutexattr_setprotocol(&attributes, protocol);
  SAY(pthread_mutex_init(m, &attributes));
  pthread_mutexattr_destroy(&attributes);
}

static void say_ready(void) {
  if (write(s->ready[1], "r", 1) != 1) abort();
}

static void await_ready(void) {
  char byte;
  if (read(s->ready[0], &byte, 1) != 1) abort();
}

static int timed_for(long ms) {
  const struct timespec until = in_ms(CLOCK_REALTIME, ms);
  return pthread_mutex_timedlock(m, &until);
}

static int clock_for(long ms) {
  const struct timespec until = in_ms(CLOCK_MONOTONIC, ms);
  return pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &until);
}

static int waited_on_condition(void) {
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  const struct timespec until = in_ms(CLOCK_REALTIME, 5);
  return pthread_cond_timedwait(&condition, m, &until);
}

static void* dies(void* unused) {
  if (pthread_mutex_lock(m) != 0) abort();
  return unused;
}

static void* dies_by_exit(void* unused) {
  if (pthread_mutex_lock(m) != 0) abort();
  pthread_exit(unused);
}

static void* dies_when_others_wait(void* unused) {
  if (pthread_mutex_lock(m) != 0) abort();
  say_ready();
  usleep(10000);
  return unused;
}

static void* is_not_owner(void* unused) {
  SAY(pthread_mutex_unlock(m));
  SAY(pthread_mutex_trylock(m));
  SAY(timed_for(5));
  return unused;
}

static void recover(void) {
  in_other_thread(is_not_owner, NULL);
  SAY(pthread_mutex_consistent(m));
  SAY(pthread_mutex_consistent(m));
  SAY(pthread_mutex_unlock(m));
  SAY(pthread_mutex_lock(m));
  SAY(pthread_mutex_unlock(m));
}

static void see_threads_die(void) {
  SAY(pthread_mutex_consistent(m));
  in_other_thread(dies, NULL);
  SAY(pthread_mutex_consistent(m));
  SAY(pthread_mutex_lock(m));
  recover();
  in_other_thread(dies_by_exit, NULL);
  SAY(pthread_mutex_trylock(m));
  recover();
  in_other_thread(dies, NULL);
  SAY(timed_for(1000));
  recover();
  in_other_thread(dies, NULL);
  SAY(clock_for(1000));
  recover();
  const pthread_t thread = start(dies_when_others_wait, NULL);
  await_ready();
  SAY(pthread_mutex_lock(m));
  finish(thread);
  recover();
}

/* Waits on a condition; meanwhile a thread dies with the mutex. */
static void* waits_on_condition(void* condition) {
  SAY(pthread_mutex_lock(m));
  say_ready();
  SAY(pthread_cond_wait(condition, m));
  SAY(pthread_mutex_consistent(m));
  SAY(pthread_mutex_unlock(m));
  return NULL;
}

static void see_waiter_on_condition(void) {
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  const pthread_t waiter = start(waits_on_condition, &condition);
  await_ready();
  in_other_thread(dies, NULL);
  pthread_cond_signal(&condition);
  finish(waiter);
}

static void make_unrecoverable(void) {
  in_other_thread(dies, NULL);
  SAY(pthread_mutex_lock(m));
  SAY(pthread_mutex_unlock(m));
  SAY(pthread_mutex_lock(m));
  SAY(pthread_mutex_lock(m));
  SAY(timed_for(100));
  SAY(clock_for(100));
  SAY(pthread_mutex_lock(m));
  SAY(pthread_mutex_trylock(m));
  SAY(pthread_mutex_consistent(m));
  SAY(pthread_mutex_destroy(m));
}

static void relock(int type) {
  SAY(pthread_mutex_lock(m));
  SAY(pthread_mutex_trylock(m));
  SAY(timed_for(5));
  SAY(clock_for(5));
  if (type == PTHREAD_MUTEX_NORMAL)
    SAY(waited_on_condition());
  else
    SAY(pthread_mutex_lock(m));
  int unlocks = 0;
  while (pthread_mutex_unlock(m) == 0) unlocks++;
  SAY_NUMBER(unlocks);
}

static void* holds_in_child(void* unused) {
  dies(unused);
  say_ready();
  while (pause() == -1) continue;
  return unused;
}

/* `thread` of the child holds it (0: the main thread), `waiting` here when the child is killed. */
static void see_process_die(int thread, int waiting) {
  printf("-- killed: %s thread of the process, %s\n", thread ? "second" : "main",
         waiting ? "we wait" : "we come later");
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (thread) start(holds_in_child, NULL);
    if (!thread) holds_in_child(NULL);
    for (;;) pause();
  }
  await_ready();
  SAY(pthread_mutex_trylock(m));
  SAY(timed_for(5));
  const pid_t killer = fork();
  if (killer == 0) {
    if (waiting) usleep(20000);
    kill(child, SIGKILL);
    _exit(0);
  }
  if (!waiting) waitpid(child, NULL, 0);
  SAY(pthread_mutex_lock(m));
  if (waiting) waitpid(child, NULL, 0);
  waitpid(killer, NULL, 0);
  recover();
}

static void use(const char* name, int type, int protocol) {
  printf("-- robust %s, private\n", name);
  make(type, PTHREAD_PROCESS_PRIVATE, protocol);
  relock(type);
  see_threads_die();
  see_waiter_on_condition();
  make_unrecoverable();
  printf("-- robust %s, shared\n", name);
  make(type, PTHREAD_PROCESS_SHARED, protocol);
  relock(type);
  see_threads_die();
  see_waiter_on_condition();
  for (int i = 0; i < 4; i++) see_process_die(i / 2, i % 2);
  make_unrecoverable();
}

int main(void) {
  s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s == MAP_FAILED || pipe(s->ready) != 0) return 1;
  m = &s->mutex;
  setvbuf(stdout, NULL, _IOLBF, 0);
  use("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE);
  use("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE);
  use("errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE);
  use("errorcheck with inheritance", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT);
  use("recursive with inheritance", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_INHERIT);
  return 0;
}
