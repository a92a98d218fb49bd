/* handlers.c MODE: signal handlers that do what handlers may do, at bad moments. */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "other_thread.h"
#include "say.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t semaphore;
static int word;
static volatile sig_atomic_t handled;
static volatile sig_atomic_t ready;
static sigjmp_buf* back;

static void set_handler(int signal, void (*handler)(int), int flags) {
  const struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

static void note(int signal) {
  (void)signal;
  handled++;
}

/* The handler posts what the main thread posts: it comes in the middle of that, too. */
static void posts_too(int signal) {
  note(signal);
  sem_post(&semaphore);
}

static void* takes(void* unused) {
  while (sem_wait(&semaphore) == 0 || errno == EINTR) continue;
  return unused;
}

static void post(void) {
  const struct itimerval often = {{0, 50}, {0, 50}};
  const struct itimerval never = {{0, 0}, {0, 0}};
  set_handler(SIGALRM, posts_too, SA_RESTART);
  pthread_detach(start(takes, NULL));
  setitimer(ITIMER_REAL, &often, NULL);
  for (const long end = now_ms(CLOCK_MONOTONIC) + 500; now_ms(CLOCK_MONOTONIC) < end;)
    sem_post(&semaphore);
  setitimer(ITIMER_REAL, &never, NULL);
  SAY_NUMBER(handled > 10);
}

/* The same with futexes, in a thread with CPUs of its own, by a signal that is for that thread. */
static void wake(void) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

static void wakes_too(int signal) {
  note(signal);
  wake();
}

static void* wakes(void* unused) {
  while (!ready) wake();
  return unused;
}

static void wake_on_cpu(void) {
  cpu_set_t cpus;
  pthread_attr_t attributes;
  pthread_t thread;
  set_handler(SIGUSR1, wakes_too, SA_RESTART);
  pthread_attr_init(&attributes);
  pthread_getaffinity_np(pthread_self(), sizeof cpus, &cpus);
  pthread_attr_setaffinity_np(&attributes, sizeof cpus, &cpus);
  SAY(pthread_create(&thread, &attributes, wakes, NULL));
  pthread_attr_destroy(&attributes);
  for (const long end = now_ms(CLOCK_MONOTONIC) + 500; now_ms(CLOCK_MONOTONIC) < end;) {
    pthread_kill(thread, SIGUSR1);
    usleep(50);
  }
  ready = 1;
  finish(thread);
  SAY_NUMBER(handled > 10);
}

/* A handler that itself waits, or sends signals, still interrupts what it came in. */
static void sleeps(int signal) {
  note(signal);
  usleep(1000);
}

static void signals_itself(int signal) {
  note(signal);
  pthread_kill(pthread_self(), SIGUSR2);
}

static void* sends(void* thread) {
  usleep(10000);
  pthread_kill(*(pthread_t*)thread, SIGUSR1);
  return NULL;
}

static void interrupt_select(void (*handler)(int)) {
  struct timeval most = {2, 0};
  pthread_t self = pthread_self();
  set_handler(SIGUSR1, handler, 0);
  const pthread_t sender = start(sends, &self);
  SAY_ERRNO(select(0, NULL, NULL, NULL, &most));
  finish(sender);
}

static void nest(void) {
  set_handler(SIGUSR2, note, SA_RESTART);
  interrupt_select(sleeps);
  interrupt_select(signals_itself);
  SAY_NUMBER(handled);
}

/* Out of a wait for a mutex: nothing of the wait may be left in the dead frames. */
static void leaves_thread(int signal) {
  (void)signal;
  pthread_exit(&mutex);
}

static void jumps(int signal) {
  (void)signal;
  siglongjmp(*back, 1);
}

static void* locks(void* unused) {
  sigjmp_buf here;
  (void)unused;
  back = &here;
  if (sigsetjmp(here, 1) != 0) return &mutex;
  ready = 1;
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  return NULL;
}

static void* scribbles(void* unused) {
  volatile char area[20000];
  memset((void*)(uintptr_t)area, 0xa5, sizeof area);
  usleep(100);
  return area[5] == 1 ? unused : NULL;
}

static void leave_by(void (*handler)(int)) {
  int wrong = 0;
  set_handler(SIGUSR1, handler, 0);
  pthread_mutex_lock(&mutex);
  for (int i = 0; i < 10; i++) {
    ready = 0;
    const pthread_t thread = start(locks, NULL);
    while (!ready) usleep(500);
    usleep(3000);
    pthread_kill(thread, SIGUSR1);
    wrong += finish(thread) != &mutex;
    in_other_thread(scribbles, NULL);
  }
  const pthread_t last = start(locks, NULL);
  usleep(3000);
  pthread_mutex_unlock(&mutex);
  SAY_NUMBER(finish(last) == NULL);
  SAY_NUMBER(wrong);
}

static void leave(void) {
  leave_by(leaves_thread);
  leave_by(jumps);
}

/* A thread that never waits, and is in calls most of the time. */
static void* yields(void* unused) {
  while (handled == 0) sched_yield();
  return unused;
}

static void* tries(void* unused) {
  while (handled == 0) pthread_mutex_trylock(&mutex);
  return unused;
}

static void reach(void* (*body)(void*)) {
  handled = 0;
  const pthread_t thread = start(body, NULL);
  usleep(20000);
  const long begin = now_ms(CLOCK_MONOTONIC);
  pthread_kill(thread, SIGUSR1);
  finish(thread);
  SAY_NUMBER(now_ms(CLOCK_MONOTONIC) - begin < 500);
}

static void busy(void) {
  set_handler(SIGUSR1, note, SA_RESTART);
  pthread_mutex_lock(&mutex);
  reach(yields);
  reach(tries);
}

/* No signal is lost between the look and the wait. */
static void* suspends(void* unused) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  sigemptyset(&set);
  for (int i = 0; i < 2000; i++) {
    __atomic_store_n(&ready, i + 1, __ATOMIC_SEQ_CST);
    while (handled <= i) sigsuspend(&set);
  }
  return unused;
}

static void suspend(void) {
  set_handler(SIGUSR1, note, 0);
  const pthread_t thread = start(suspends, NULL);
  for (int i = 0; i < 2000; i++) {
    while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) <= i) sched_yield();
    for (volatile int k = 0; k < i % 300 * 10;) k = k + 1;
    pthread_kill(thread, SIGUSR1);
    while (handled <= i) sched_yield();
  }
  finish(thread);
  SAY_NUMBER(handled);
}

static const struct {
  const char* name;
  void (*body)(void);
} kModes[] = {{"post", post}, {"wake_on_cpu", wake_on_cpu}, {"nest", nest}, {"leave", leave},
              {"busy", busy}, {"suspend", suspend}};

int main(int arguments_count, char** arguments) {
  sem_init(&semaphore, 0, 0);
  for (size_t i = 0; arguments_count == 2 && i < sizeof kModes / sizeof *kModes; i++)
    if (strcmp(arguments[1], kModes[i].name) == 0) {
      kModes[i].body();
      fflush(stdout);
      _exit(0);
    }
  return 1;
}
